/* layers/field.h - the options of a layer's description as a table, for reading and writing
 * them by name.
 * SPDX-License-Identifier: MIT */
#ifndef SE_LAYERS_FIELD_H
#define SE_LAYERS_FIELD_H

#include "layers/layer.h"

typedef enum se_field_type {
    SE_FIELD_INT64,
    SE_FIELD_INT32,
    SE_FIELD_BYTE, /* uint8_t that is a number */
    SE_FIELD_BOOL, /* seqecho_bool */
    SE_FIELD_NOT,  /* seqecho_bool whose negation has the name: no_bias is "use_bias" */
    SE_FIELD_FLOAT,
    SE_FIELD_NAME,  /* an enum, known by `names` */
    SE_FIELD_SIZES, /* int64_t[SE_SAMPLE_RANK], ended by 0 */
    SE_FIELD_AXES,  /* int32_t[SE_SAMPLE_RANK], ended by 0 */
    SE_FIELD_LAYER, /* const seqecho_spec *: the next of the layers inside */
    SE_FIELD_LAYERS /* an array of them, all layers inside, and its size_t count */
} se_field_type;

/* The names of an enum's values, by value; NULL where there is none. */
typedef struct se_names {
    const char *const *name;
    size_t count;
} se_names;

extern const se_names se_activation_names, se_init_names, se_padding_names, se_merge_names,
    se_masked_output_names;

/* The value of that name, or -1. */
int se_names_find(const se_names *names, const char *name);

struct se_field {
    const char *name; /* Keras's, where it has one */
    se_field_type type;
    size_t offset;
    size_t count_offset;   /* SE_FIELD_LAYERS */
    const se_names *names; /* SE_FIELD_NAME */
};

/* Lines of a table. */
#define SE_FIELD(TYPE, NAME, SPEC, FIELD) \
    { \
        NAME, SE_FIELD_##TYPE, offsetof(SPEC, FIELD), 0, NULL \
    }
#define SE_FIELD_OF_NAMES(NAMES, NAME, SPEC, FIELD) \
    { \
        NAME, SE_FIELD_NAME, offsetof(SPEC, FIELD), 0, &se_##NAMES##_names \
    }

/* How many lines a table has. */
#define SE_FIELDS(TABLE) (sizeof(TABLE) / sizeof *(TABLE))

#endif /* SE_LAYERS_FIELD_H */
