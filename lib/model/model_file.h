/* model/model_file.h - what is in a model file, for those that put more into it.
 * SPDX-License-Identifier: MIT */
#ifndef SE_MODEL_MODEL_FILE_H
#define SE_MODEL_MODEL_FILE_H

#include "io/safetensors.h"
#include "model/describe.h"

/* Texts of the header. */
#define SE_KEY_FORMAT "seqecho.format"   /* version of all this: a whole number */
#define SE_KEY_VERSION "seqecho.version" /* of the library that wrote it; for the eye */
#define SE_KEY_GRAPH "seqecho.graph"     /* the description, JSON */

#define SE_FORMAT "1"

/* Put a graph into a file: texts, then weights.  Owns the description. */
void se_model_write(se_writer *w, const seqecho_graph *graph, json_t *description);

/* The description in a file of this format; the caller owns it.  SEQECHO_EFORMAT for a file
 * that has none, SEQECHO_ENOTSUP for one of a newer format. */
int se_model_description(json_t **out, const se_container *c, const char *what);

#endif /* SE_MODEL_MODEL_FILE_H */
