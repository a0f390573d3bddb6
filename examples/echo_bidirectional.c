/* echo_bidirectional.c - an encoder that reads the window from both ends.
 * SPDX-License-Identifier: MIT
 *
 * The oldest numbers are those that a reader from the newest to the oldest has seen last.
 *
 * model.add(Bidirectional(LSTM(75), batch_input_shape=(21, 5, 100)))
 * model.add(RepeatVector(2))
 * model.add(LSTM(150, return_sequences=True))
 * model.add(TimeDistributed(Dense(100, activation='softmax'))) */
#include "models.h"
#include "report.h"

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .n_out = 2, .units = 150, .batch = 21, .epochs = 2000 };
    trial t = { .build = model_bidirectional, .stateless = true };

    args_parse(&a, argc, argv,
               "Learn to echo the oldest numbers of a window that is read from both ends.");
    return report_all(&a, &t, "bidirectional");
}
