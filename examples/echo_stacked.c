/* echo_stacked.c - two LSTMs on top of each other.
 * SPDX-License-Identifier: MIT
 *
 * model.add(LSTM(20, batch_input_shape=(7, 5, 100), return_sequences=True, stateful=True))
 * model.add(LSTM(20, return_sequences=True, stateful=True))
 * model.add(TimeDistributed(Dense(100, activation='softmax'))) */
#include "models.h"
#include "report.h"

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .units = 20, .batch = 7, .epochs = 1500 };
    trial t = { .build = model_stacked };

    args_parse(&a, argc, argv,
               "Learn to echo a window with two LSTMs, one above the other.");
    return report_all(&a, &t, "stacked");
}
