/* A sign of life from the middle of long work, for whoever watches over the process. */
#ifndef USHER_BASE_PROGRESS_H
#define USHER_BASE_PROGRESS_H

/* From here on progress_tell() calls tell; NULL: nobody listens. */
void progress_listen(void (*tell)(void));

/* Called after each piece of work: a mail read or sent, a batch of accounts. */
void progress_tell(void);

#endif
