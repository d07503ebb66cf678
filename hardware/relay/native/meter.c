/* Drains with time, fills with packets; what does not fit is dropped without a trace but the count. */
#include "meter.h"

enum meter_answer meter_take(struct meter *m, size_t size, bool video, int64_t now) {
  if (m->kbps == 0) return METER_TAKE;
  int64_t depth = m->kbps * 125; /* One second. */
  int64_t past = now - m->at_us;
  int64_t drained = past >= 1000000 ? depth : past * m->kbps / 8000;
  m->spent = m->spent > drained ? m->spent - drained : 0;
  /* What is less than a byte goes on counting. */
  m->at_us = past >= 1000000 ? now : m->at_us + drained * 8000 / m->kbps;
  int64_t cost = (int64_t)size + METER_PACKET;
  if (m->spent + cost <= (video ? depth - depth / 4 : depth)) {
    m->spent += cost;
    return METER_TAKE;
  }
  m->dropped++;
  bool first = m->over_us == 0 || now - m->over_us > METER_CALM;
  m->over_us = now;
  return first ? METER_FLOOD : METER_DROP;
}
