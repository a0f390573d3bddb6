/* fuzz_api.c - sequences of calls of the public interface.
 * SPDX-License-Identifier: MIT */
#include <seqecho/seqecho.h>

#include "bounded_alloc.h"
#include "fuzz.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = { data, size, 0 };
    bounded_alloc memory = { .limit = (size_t)16 << 20, .fails = input_chance(&in, 2) };
    const seqecho_allocator hook = bounded_alloc_hook(&memory);
    seqecho_dataset *dataset;
    int err;

    err = seqecho_dataset_create(
        &dataset,
        SEQECHO_DATASET(.length = input_absurd(&in), .n_unique = (int64_t)input_byte(&in),
                        .n_in = (int64_t)input_byte(&in), .allocator = &hook));
    FUZZ_CHECK((err == SEQECHO_OK) == (dataset != NULL), "%d", err);
    seqecho_dataset_destroy(dataset);
    FUZZ_CHECK(memory.live == 0, "%zu bytes", memory.live);
    return 0;
}
