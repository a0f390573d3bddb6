/* npy.h - reading NumPy array files.
 * SPDX-License-Identifier: MIT */
#ifndef PARITY_NPY_H
#define PARITY_NPY_H

#include "case.h"

/* Read DIR/NAME.npy into `array`, whose type and shape it must have. */
bool npy_read(struct golden_case *c, struct array *array);

/* A whole file, with a NUL behind its last byte; NULL if it cannot be read. */
char *file_read(struct golden_case *c, const char *path, size_t *size);

#endif /* PARITY_NPY_H */
