/* echo_stateless.c - does the state help?  One sample a batch; once with a state that is
 * reset for each sample, and once with one that goes on through the whole sequence.
 * SPDX-License-Identifier: MIT
 *
 * model.add(LSTM(20, batch_input_shape=(1, 5, 100), return_sequences=True, stateful=False))
 * model.add(TimeDistributed(Dense(100, activation='softmax'))) */
#include "models.h"
#include "report.h"

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .units = 20, .batch = 1, .epochs = 200, .several = true };
    trial without = { .build = model_seq2seq, .stateless = true };
    trial with = { .build = model_seq2seq };
    int err;

    args_parse(&a, argc, argv,
               "Learn to echo a window without a state that outlives it, and with one.");
    err = report_trial(&a, &without, "stateless");
    if (err == 0)
        err = report_trial(&a, &with, "stateful");
    return args_exit(&a, err);
}
