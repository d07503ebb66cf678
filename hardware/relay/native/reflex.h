/* What a view with backups should turn to, by itself: decided here, from what its streams deliver; done by views.c. Pure. */
#ifndef REFLEX_H
#define REFLEX_H

#include "view.h"

/* The stream to show instead of what is shown or awaited, with the reason; NULL = leave it. Times are attended time. */
struct stream *reflex_look(const struct view *view, int64_t attended_us, enum view_because *because);

/* Whether an owner's wish for the first choice can wait: it does not deliver, and what is shown is a choice that does. */
bool reflex_stays(const struct view *view, int64_t attended_us);

#endif
