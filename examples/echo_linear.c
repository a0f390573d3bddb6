/* echo_linear.c - echo numbers given as numbers: regression instead of classification.
 * SPDX-License-Identifier: MIT
 *
 * Values are n / 99 instead of one-hot vectors.  An echo is right if it rounds to the
 * number.
 *
 * model.add(LSTM(20, batch_input_shape=(7, 5, 1), return_sequences=True, stateful=True))
 * model.add(TimeDistributed(Dense(1)))
 * model.compile(loss='mean_squared_error', optimizer='adam') */
#include "models.h"
#include "report.h"

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .units = 20, .batch = 7, .epochs = 10000 };
    trial t = { .build = model_seq2seq,
                .encoding = SEQECHO_ENCODE_LINEAR,
                .loss = SEQECHO_MEAN_SQUARED_ERROR };

    args_parse(&a, argc, argv, "Learn to echo integers given as fractions, by regression.");
    return report_all(&a, &t, "linear");
}
