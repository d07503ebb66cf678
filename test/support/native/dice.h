/* Random numbers that a seed repeats: one stream per question, so that asking one more often changes no other's answers. */
#ifndef DICE_H
#define DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
  uint64_t state;
};

/* SplitMix64 (Steele, Lea, Flood 2014): passes BigCrush, one word of state. */
static inline uint64_t dice_next(struct dice *dice) {
  uint64_t z = dice->state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* In [0, 1). */
static inline double dice_real(struct dice *dice) {
  return (double)(dice_next(dice) >> 11) * 0x1.0p-53;
}

/* Draws always, so that the answers to come do not depend on the probability. */
static inline bool dice_hits(struct dice *dice, double probability) {
  return dice_real(dice) < probability;
}

static inline struct dice dice_of(uint64_t seed, uint64_t stream) {
  struct dice mixed = {seed ^ (stream * 0xd1342543de82ef95u)};
  return (struct dice){dice_next(&mixed)};
}

#endif
