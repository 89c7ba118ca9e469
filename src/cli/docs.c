/* `imp docs`: the reference of the lab file, from the program itself.
 *
 * The page and the JSON Schema are made from the schemas that the loader checks by, so what this prints is what this very binary
 * accepts. `make docs` writes both into docs/, and a test compares them with what is committed.
 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "lab/reference.h"

static int docs_run(int argc, char **argv);

extern const struct command COMMAND_DOCS;
const struct command COMMAND_DOCS = {
    .name = "docs",
    .arguments = "[--schema]",
    .summary = "prints the reference of the lab file and of all services",
    .details = "  --schema     print the JSON Schema for editors instead of the Markdown page\n",
    .run = docs_run,
    .group = "about imp",
};

static int docs_run(int argc, char **argv)
{
    bool schema = argc == 2 && strcmp(argv[1], "--schema") == 0;
    if (argc > 1 && !schema)
        return command_usage_error(&COMMAND_DOCS, "it takes --schema or nothing, not '%s'", argv[1]);
    struct text page = {0};
    if (schema)
        reference_schema(&page);
    else
        reference_page(&page);
    fputs(text_string(&page), stdout);
    text_free(&page);
    return EXIT_HELD;
}
