/* base/clock.h - the only source of time. With --enable-test-hooks, HOOKLATCH_TEST_CLOCK names a file that holds an
 * offset in seconds, added to the wall clock; it is read again on SIGUSR2 (clock_test_reread). */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define US_PER_S INT64_C(1000000)

int64_t clock_wall_us(void); /* since 1970, UTC */
int64_t clock_mono_us(void); /* since some start; for time-outs and durations */
int64_t clock_cpu_us(void);  /* of the calling thread's own work; for bounding it */
/* Unit tests: both clocks move so that the wall clock answers this now; INT64_MIN gives the real ones back. */
void clock_test_set(int64_t wall_us);
void clock_test_reread(void);
/* RFC 3339 with microseconds and Z; out holds 28 bytes with the NUL. */
#define CLOCK_TEXT_LEN 28
void clock_text(int64_t wall_us, char out[CLOCK_TEXT_LEN]);

#endif
