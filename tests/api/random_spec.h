/* random_spec.h - descriptions of random layers.
 * SPDX-License-Identifier: MIT
 *
 * They are made up without much regard to what they are for: whether a graph accepts one is
 * tried out. */
#ifndef SEQECHO_TESTS_RANDOM_SPEC_H
#define SEQECHO_TESTS_RANDOM_SPEC_H

#include "random_graph.h"

#define RANDOM_SIZE_MAX 600 /* floats of a sample */

/* A number from `least` to `most`, and one of features that suits the graph's style. */
int64_t random_between(random_graph *g, int64_t least, int64_t most);
int64_t random_width(random_graph *g);

/* Floats of one sample, and in a row of them. */
int64_t random_size(const seqecho_view *shape);
int64_t random_features(const seqecho_view *shape);

/* The graph's next description, zero but for its head. */
random_spec *random_spec_new(random_graph *g, size_t size, uint32_t kind);
#define NEW(FIELD, KIND) \
    random_spec_new(g, sizeof(((random_spec *)0)->FIELD), SEQECHO_KIND_##KIND)

random_spec *random_spec_recurrent(random_graph *g, int64_t units);

/* A layer of one input, such as may suit `in`, inside so many wrappers; or NULL. */
const seqecho_spec *random_spec_one(random_graph *g, const seqecho_view *in, int depth);

/* Does a graph take this description for an input of such samples?  Then *out receives the
 * shape of its output. */
bool random_spec_fits(const random_graph *g, const seqecho_spec *spec,
                      const seqecho_view *in, seqecho_view *out);

#endif /* SEQECHO_TESTS_RANDOM_SPEC_H */
