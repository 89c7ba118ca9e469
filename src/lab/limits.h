#ifndef IMP_LAB_LIMITS_H
#define IMP_LAB_LIMITS_H

/* Every limit of the lab layer, in one place. Passing one is a fault of the lab file or a failed step, told in one sentence. */
enum {
    LIMIT_LAB_FILE_BYTES = 16 * 1024 * 1024, /* one file */
    LIMIT_LAB_FILES = 256,                   /* the lab file and all that it includes */
    LIMIT_LAB_INCLUDE_DEPTH = 16,
    LIMIT_LAB_NESTING = 32,     /* mappings and lists inside each other */
    LIMIT_LAB_VALUES = 2000000, /* values in one file, each alias counted as what it stands for */
    LIMIT_LAB_FAULTS = 200,     /* shown; further ones are only counted */
    LIMIT_LAB_NODES = 100000,   /* after ranges are expanded */
    LIMIT_LAB_WIRES = 400000,   /* likewise */
    LIMIT_LAB_PORTS_PER_NODE = 65535,
    LIMIT_LAB_STEPS = 10000,
    LIMIT_LAB_NAME_BYTES = 63,                 /* a node's name, as in a DNS label */
    LIMIT_LAB_PORT_NAME_BYTES = 15,            /* a port's, as Linux allows an interface */
    LIMIT_LAB_RANGE = 100000,                  /* names that one pattern may stand for */
    LIMIT_LAB_CHECK_BYTES = 4096,              /* what a service's check may tell of a configuration */
    LIMIT_LAB_WORDS = 256,                     /* words of one `run` */
    LIMIT_LAB_OUTPUT_BYTES = 64 * 1024 * 1024, /* captured output of one `run`; more is counted and hashed, but not kept */
    LIMIT_LAB_FILES_BYTES = 64 * 1024 * 1024,  /* what tools write into files, a lab over */
    LIMIT_LAB_RUN_S = 3600,                    /* virtual seconds a `run` may take unless it says otherwise */
    LIMIT_LAB_PLOT_FLOWS = 4096,               /* that a plot's recorder tells apart */
    LIMIT_LAB_PLOT_SAMPLES = 1 << 20,          /* of one flow; then every second one goes. A power of two */
    LIMIT_LAB_MATCH_STEPS = 1000000,           /* effort of a regular expression on an output */
};

#endif
