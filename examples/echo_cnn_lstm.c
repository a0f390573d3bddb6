/* echo_cnn_lstm.c - a CNN-LSTM: a convolution looks at pairs of numbers, an LSTM reads what
 * it saw.
 * SPDX-License-Identifier: MIT
 *
 * A stack of layers on every time step:
 *
 * model.add(Reshape((5, 2, 100), batch_input_shape=(16, 10, 100)))
 * model.add(TimeDistributed(Sequential([Conv1D(75, 2, activation='relu'), Flatten()])))
 * model.add(LSTM(150))
 * model.add(RepeatVector(2))
 * model.add(LSTM(150, return_sequences=True))
 * model.add(TimeDistributed(Dense(100, activation='softmax'))) */
#include "models.h"
#include "report.h"

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .n_out = 2, .units = 150, .batch = 16, .epochs = 8000 };
    trial t = { .build = model_cnn_lstm, .stateless = true };

    a.n_in = 10;
    args_parse(&a, argc, argv,
               "Learn to echo the oldest numbers of a window that is read in pairs.");
    return report_all(&a, &t, "CNN-LSTM");
}
