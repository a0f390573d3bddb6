/* echo_attention.c - a decoder that looks back at every step of the encoder.
 * SPDX-License-Identifier: MIT
 *
 * It need not carry the window in one vector: for each number it says it points at a time
 * step, and the answer is the number there.  So it echoes 20 of 20.
 *
 * encoded, h, c = LSTM(50, return_sequences=True, return_state=True)(x)
 * decoded = LSTM(50, return_sequences=True)(RepeatVector(20)(h), initial_state=[h, c])
 * y = Attention()([decoded, x, encoded])  # query, value, key */
#include "models.h"
#include "report.h"

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .n_out = 20, .units = 50, .batch = 21, .epochs = 1000 };
    trial t = { .build = model_attention, .stateless = true, .learning_rate = 0.005f };

    a.length = 40;
    a.n_in = 20;
    args_parse(&a, argc, argv,
               "Learn to echo a long window with a decoder that looks at all of it.");
    return report_all(&a, &t, "attention");
}
