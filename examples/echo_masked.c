/* echo_masked.c - keep the first windows, although their oldest numbers are missing.
 * SPDX-License-Identifier: MIT
 *
 * The missing time steps hold -1, and Masking makes the LSTM pass over them.
 *
 * model.add(Masking(mask_value=-1, batch_input_shape=(5, 5, 100)))
 * model.add(LSTM(20, return_sequences=True, stateful=True))
 * model.add(TimeDistributed(Dense(100, activation='softmax'))) */
#include "models.h"
#include "report.h"

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .units = 20, .batch = 5, .epochs = 500 };
    trial t = { .build = model_seq2seq, .rows = SEQECHO_ROWS_PAD_START };

    args_parse(&a, argc, argv,
               "Learn to echo windows of which the oldest numbers may be missing.");
    return report_all(&a, &t, "masked");
}
