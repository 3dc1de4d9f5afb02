/* Whether this process was asked to end, for whoever waits for a server deep below the one who was asked. */
#ifndef USHER_BASE_STOP_H
#define USHER_BASE_STOP_H

/* From here on fd (borrowed; -1 for none) becomes, and stays, readable when the process is to end. */
void stop_listen(int fd);

/* That descriptor, -1 while nobody listens. */
int stop_fd(void);

#endif
