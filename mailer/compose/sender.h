/* Kept for compose/ and what lies above it: choosing the specialist moved to accounts/, where the pipeline
 * can see it too. */
#ifndef USHER_COMPOSE_SENDER_H
#define USHER_COMPOSE_SENDER_H

#include "accounts/sender.h"

#endif
