/* What rules and templates can read besides the facts a team declares: what the engine itself knows of an
 * account. Every stage adds NAME_at, the local time it was last entered. */
#ifndef USHER_PIPELINE_ENGINE_FACTS_H
#define USHER_PIPELINE_ENGINE_FACTS_H

#include "accounts/facts.h"

struct engine_fact {
    const char *name;
    enum fact_type type;
    const char *about;
};

/* Ended by an entry without name. */
extern const struct engine_fact engine_facts[];

#endif
