/* io/event_file.h - files of scalars over time, as TensorBoard reads them.
 * SPDX-License-Identifier: MIT
 *
 * A file is a sequence of records of TensorFlow's format TFRecord,
 *
 *     8 bytes length, 4 its checksum, data, 4 the data's checksum; little-endian
 *
 * where a checksum is CRC-32C (RFC 3720, B.4), rotated by 15 bits to the right, plus
 * 0xa282ead8, and the data is a message `Event` of Protocol Buffers.  A record is one
 * write(): it is in the file, whole, when the function returns. */
#ifndef SE_IO_EVENT_FILE_H
#define SE_IO_EVENT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include <seqecho/common.h>

/* Scalars of one step at most, and letters of their tags. */
#define SE_EVENT_SCALARS 16
#define SE_EVENT_TAG 40

typedef struct se_scalar {
    char tag[SE_EVENT_TAG + 1];
    float value;
} se_scalar;

typedef struct se_event_file {
    int file;   /* -1 when it is closed */
    char *path; /* of the file */
    const char *what;
    seqecho_allocator allocator;
} se_event_file;

/* Make the directory, if nothing has its name, and a file in it that nobody else has.
 * Steps from `first` on that another file there has are forgotten by the reader.  On
 * failure there is nothing to close. */
int se_event_file_open(se_event_file *f, const char *directory, int64_t first,
                       const seqecho_allocator *a, const char *what);

/* Write a record of some scalars. */
int se_event_file_add(se_event_file *f, int64_t step, const se_scalar *scalars, size_t n);

/* Closes in any case.  SEQECHO_EIO where the system finds out only now that there was no
 * room. */
int se_event_file_close(se_event_file *f);

#endif /* SE_IO_EVENT_FILE_H */
