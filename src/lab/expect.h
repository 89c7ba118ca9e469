#ifndef IMP_LAB_EXPECT_H
#define IMP_LAB_EXPECT_H

#include "engine/event.h"
#include "lab/job.h"
#include "lab/model.h"

/* Judging expectations. Each judge returns whether it holds, and says in `sentence` what was expected and, when it does not hold,
 * what was seen instead. */

/* Counts expected events from the lab's start on: an observer, with one counter for each expected event of the scenario. */
struct event_tally {
    struct observer observer;
    const struct lab *lab;
    struct tally_counter {
        const struct event_match *match;
        int64_t count;
        const struct event_type *type; /* the last one whose name matched */
    } * counters;
    size_t counter_count;
};
void event_tally_create(struct event_tally *tally, const struct lab *lab);
void event_tally_destroy(struct event_tally *tally);
bool event_tally_judge(const struct event_tally *tally, const struct event_match *match, struct text *sentence);

bool drops_judge(struct world *world, const struct step *step, const struct drop_match *match, struct text *sentence);
/* All that a `run` expects of its job; one sentence for all that failed. */
bool job_judge(const struct job *job, const struct step *step, struct text *sentence);

#endif
