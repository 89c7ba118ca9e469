#ifndef IMP_CLI_PROGRESS_H
#define IMP_CLI_PROGRESS_H

#include "engine/engine.h"

/* Progress of a long run, on a terminal's standard error only: one line that rewrites itself, from one second of wall time on, a few
 * times a second. In a pipe, nothing. One at a time. */
struct progress {
    struct engine *engine;
    const char *what;
    bool shown;
};
void progress_begin(struct progress *progress, struct engine *engine, const char *what);
void progress_clear(void); /* before something else is written to the terminal */
void progress_end(struct progress *progress);

#endif
