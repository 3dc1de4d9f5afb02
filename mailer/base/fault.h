/* Places where the test build may kill the process as a power cut would: FAULT_POINT("store.commit.before").
 * In the program itself they are nothing. Environment of the test build (build/usher-fault):
 * USHER_FAULT=NAME:N kills on the Nth pass of NAME; USHER_FAULT_LOG=FILE gets the name of every pass, one a
 * line. */
#ifndef USHER_BASE_FAULT_H
#define USHER_BASE_FAULT_H

#ifdef USHER_FAULT_POINTS
#define FAULT_POINT(name) fault_point(name)
/* Counts a pass; does not return from the one that was asked for. */
void fault_point(const char *name);
#else
#define FAULT_POINT(name) ((void)0)
#endif

#endif
