/* io/safetensors.h - files of the safetensors format: taken apart, and put together.
 * SPDX-License-Identifier: MIT
 *
 * 8 bytes: the size n of the header, little-endian; n bytes: the header, a JSON object that
 * gives each array its type, shape and place in what follows, and under "__metadata__" some
 * texts; then the arrays, side by side, to the end of the file.
 * docs/file-format.md says what this library adds to that. */
#ifndef SE_IO_SAFETENSORS_H
#define SE_IO_SAFETENSORS_H

#include "io/json.h"
#include "io/replace.h"

/* A header is no larger.  (The format allows 100 MB.) */
#define SE_HEADER_MAX ((size_t)8 << 20)

typedef enum se_dtype { SE_F32, SE_F64, SE_F16, SE_BF16, SE_I32, SE_DTYPE_OTHER } se_dtype;

#define SE_TENSOR_RANK 4

typedef struct se_tensor {
    const unsigned char *data; /* where it lies in the file; not aligned */
    size_t size;               /* bytes */
    se_dtype dtype;
    size_t rank;
    int64_t dim[SE_TENSOR_RANK]; /* as far as they reach */
} se_tensor;

/* ---- Reading ------------------------------------------------------------------------- */

/* A file taken apart.  It points into the bytes, which must stay. */
typedef struct se_container {
    json_t *header;
    const json_t *metadata; /* part of it, or NULL */
    const unsigned char *data;
    size_t data_size;
    size_t count; /* of arrays */
    bool checked; /* it has a checksum, which is right */
} se_container;

/* Take apart and check everything: that the arrays fill the file without overlap or hole,
 * that sizes fit shapes, and the checksum, if there is one.  SEQECHO_EFORMAT, the message
 * beginning with `what`; *c then holds nothing.  `a` is for memory needed on the way. */
int se_container_open(se_container *c, const void *bytes, size_t size,
                      const seqecho_allocator *a, const char *what);
void se_container_close(se_container *c); /* of a struct of zeros, too */

/* The text of that key; NULL if there is none. */
const char *se_container_text(const se_container *c, const char *key);

/* The array of that name; false if there is none. */
bool se_container_find(const se_container *c, const char *name, se_tensor *out);

/* Visit all of them: *cursor is NULL at first. */
const char *se_container_next(const se_container *c, void **cursor);

/* Has it this shape? */
bool se_tensor_is(const se_tensor *t, size_t rank, const int64_t *dim);

/* Text such as "F32 (100, 80)". */
#define SE_TENSOR_TEXT 128
const char *se_tensor_text(char text[SE_TENSOR_TEXT], const se_tensor *t);

/* Its elements [first, first + count) as floats or doubles.  Narrower types are converted
 * exactly, F64 to floats is rounded to the nearest; false if the type is none of these. */
bool se_tensor_floats(const se_tensor *t, size_t first, size_t count, float *out);
bool se_tensor_doubles(const se_tensor *t, size_t first, size_t count, double *out);

/* The same of SE_I32 alone. */
bool se_tensor_ints(const se_tensor *t, size_t first, size_t count, int32_t *out);

/* ---- Writing ------------------------------------------------------------------------- */

/* A file being put together.  The first failure stays in `err`, with its message, and all
 * later calls do nothing. */
typedef struct se_writer {
    const seqecho_allocator *a;
    const char *what;
    int err;
    json_t *header, *metadata;
    se_bytes *part; /* the head of the file, then the arrays */
    size_t n, room;
    size_t offset; /* behind the last array */
    char *head;    /* the 8 bytes and the header */
} se_writer;

void se_writer_begin(se_writer *w, const seqecho_allocator *a, const char *what);
void se_writer_end(se_writer *w);

/* A text; copied. */
void se_writer_text(se_writer *w, const char *key, const char *text);

/* The same of a JSON value, which the writer owns from then on; NULL is one that could not
 * be made. */
void se_writer_json(se_writer *w, const char *key, json_t *value);

/* An array, SE_F32, SE_F64 or SE_I32, which must stay until the file is written.  Those of
 * 8 bytes an element are to come first, so that all are aligned in the file. */
void se_writer_tensor(se_writer *w, const char *name, se_dtype dtype, size_t rank,
                      const int64_t *dim, const void *data);

/* Make the header and the checksum: w->part[0 .. w->n) is the file then, *size long. */
int se_writer_finish(se_writer *w, size_t *size);

/* Copy a finished file to the user's buffer, where it fits; *length receives its size. */
int se_writer_copy(const se_writer *w, size_t size, void *buf, size_t room, size_t *length);

#endif /* SE_IO_SAFETENSORS_H */
