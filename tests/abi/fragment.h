/* fragment.h - what fragments of code in the documentation take for granted.
 * SPDX-License-Identifier: MIT
 *
 * docs.py compiles each fragment inside a function with these parameters; a fragment may
 * declare variables of the same names.  Keep the list short: a reader does not see it. */
#ifndef SEQECHO_TESTS_FRAGMENT_H
#define SEQECHO_TESTS_FRAGMENT_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seqecho/seqecho.h>

#define FRAGMENT_NAMES \
    seqecho_graph *graph, seqecho_graph *model, seqecho_dataset *data, \
        seqecho_trainer *trainer, seqecho_predictor *predictor, const seqecho_view *x, \
        const seqecho_view *y, float *out, size_t out_count, seqecho_report report, \
        void *user, int err

#endif /* SEQECHO_TESTS_FRAGMENT_H */
