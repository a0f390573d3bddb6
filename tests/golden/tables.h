/* tables.h - what the words of case.txt are called in the library.
 * SPDX-License-Identifier: MIT
 *
 * Each table lists the words that a case may use.  A word that the library has no
 * counterpart for is listed without one, which makes its cases `unsupported`; a word that
 * is not listed makes its case a failure.  So a new layer, option, loss or optimizer of
 * the library is one line here (and for a layer the fields of its description). */
#ifndef PARITY_TABLES_H
#define PARITY_TABLES_H

#include <seqecho/seqecho.h>

#include "case.h"

enum field_type {
    FIELD_SIZE,       /* a whole number, for an int64_t */
    FIELD_FLOAT,      /* a number, for a float */
    FIELD_FLAG,       /* 0 or 1, for a seqecho_bool */
    FIELD_INVERSE,    /* the same, for one that means the opposite */
    FIELD_ACTIVATION, /* the name of an activation */
    FIELD_MASKED,     /* last, state or zero: a seqecho_masked_output */
    FIELD_PADDING,    /* the name of a padding */
    FIELD_SIZES,      /* whole numbers between commas, for an array of int64_t */
    FIELD_IGNORED     /* without effect on a layer whose weights are set */
};

/* Where the value of an option goes. */
struct field {
    const char *option;
    enum field_type type;
    size_t offset;
};

struct layer_class {
    const char *name;
    uint32_t kind; /* 0: the library has none */
    size_t size;   /* of its description */
    const struct field *field;
};

/* All give false, with the reason noted, for what the library has not. */
bool table_layer(struct golden_case *c, const char *name, const struct layer_class **out);
bool table_activation(struct golden_case *c, const char *name, seqecho_activation *out);
bool table_loss(struct golden_case *c, const char *name, seqecho_loss *out);
bool table_optimizer(struct golden_case *c, const char *name, seqecho_optimizer *out);
bool table_metric(struct golden_case *c, const char *name, uint32_t *out);

/* Fill a description, whose head is set, from the options of a layer line. */
bool table_fill(struct golden_case *c, const struct layer_class *class,
                const struct line *line, void *spec);

/* The option merge_mode, which a line has that describes a Bidirectional. */
bool table_merge(struct golden_case *c, const struct line *line, seqecho_merge *out);

/* Whether an option is switched off: 0 or None. */
bool table_is_off(const char *value);

/* Whether the library has every option of an `optimizer` line. */
bool table_optimizer_options(struct golden_case *c, const struct line *line);

#endif /* PARITY_TABLES_H */
