#ifndef IMP_LAB_REFERENCE_H
#define IMP_LAB_REFERENCE_H

#include "base/text.h"

/* The reference of the lab file, made from the same tables that the loader checks by: its own schema, the wire profiles, the
 * drop reasons, and every service in the registry. */
void reference_page(struct text *out);   /* docs/lab-format.md: Markdown */
void reference_schema(struct text *out); /* docs/lab.schema.json: JSON Schema (draft 2020-12), for editors */

#endif
