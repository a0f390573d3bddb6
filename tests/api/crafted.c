/* crafted.c - a trainer whose loss is what the test says, epoch by epoch.
 * SPDX-License-Identifier: MIT */
#include "crafted.h"

#include "close.h"

void crafted_begin(crafted *c, bool learns, double learning_rate)
{
    const float kernel = 0.0F, bias = learns ? 0.0F : -100.0F;
    const seqecho_view view = { c->x_data, { CRAFTED_SAMPLES, 1 }, 2, SEQECHO_FLOAT32 };

    memset(c, 0, sizeof *c);
    c->x = c->y = c->val_x = c->val_y = view;
    c->y.data = c->y_data;
    c->val_y.data = c->val_data;
    for (int i = 0; i < CRAFTED_SAMPLES; i++)
        c->x_data[i] = 1.0F;
    assert_int_equal(seqecho_graph_create(&c->graph, NULL), 0);
    seqecho_graph_add(c->graph, SEQECHO_INPUT(.dim = { 1 }));
    seqecho_graph_add(
        c->graph,
        SEQECHO_DENSE(.units = 1, .activation = learns ? SEQECHO_LINEAR : SEQECHO_RELU));
    assert_int_equal(seqecho_graph_weight_set(c->graph, "dense/kernel", &kernel, 1), 0);
    assert_int_equal(seqecho_graph_weight_set(c->graph, "dense/bias", &bias, 1), 0);
    assert_int_equal(seqecho_trainer_create(
                         &c->trainer, c->graph,
                         SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR,
                                         .metrics = SEQECHO_METRIC_ACCURACY, .threads = 1)),
                     0);
    assert_int_equal(
        seqecho_trainer_set(c->trainer, SEQECHO_PARAM_LEARNING_RATE, learning_rate), 0);
}

void crafted_end(crafted *c)
{
    seqecho_trainer_destroy(c->trainer);
    seqecho_graph_destroy(c->graph);
}

static void write_targets(float *data, float target, int ones)
{
    for (int i = 0; i < CRAFTED_SAMPLES; i++)
        data[i] = ones > 0                 ? (i < ones ? 1.0F : 0.0F)
                  : isnan(target) && i < 2 ? 1.0F
                                           : target;
}

int crafted_event(void *user, const seqecho_event *event)
{
    crafted *const c = user;
    const size_t length = strlen(c->order);
    char letter = '?';

    switch (event->kind) {
    case SEQECHO_EVENT_EPOCH_BEGIN:
        letter = 'B';
        write_targets(c->y_data, c->target[event->epoch], c->ones[event->epoch]);
        write_targets(c->val_data, c->val_target[event->epoch], 0);
        break;
    case SEQECHO_EVENT_BATCH_END: letter = (char)('0' + event->batch); break;
    case SEQECHO_EVENT_NOT_FINITE: letter = 'N'; break;
    case SEQECHO_EVENT_FIT_END: letter = 'F'; break;
    case SEQECHO_EVENT_EPOCH_END:
        letter = 'E';
        c->validated[event->epoch] =
            event->validation != NULL ? event->validation->loss : (double)NAN;
        if (seqecho_graph_weight_get(c->graph, "dense/kernel", &c->weights[event->epoch][0],
                                     1) < 0 ||
            seqecho_graph_weight_get(c->graph, "dense/bias", &c->weights[event->epoch][1],
                                     1) < 0)
            return SEQECHO_ECALLBACK;
        break;
    }
    if (length + 1 < sizeof c->order)
        c->order[length] = letter;
    if (c->also != NULL) {
        const int answer = c->also(c->user, event);

        if (answer != 0)
            return answer;
    }
    return letter == c->at ? c->answer : 0;
}

int crafted_fit(crafted *c, int64_t epochs, bool validation,
                seqecho_callback *const *callbacks, size_t n, seqecho_report *report)
{
    memset(c->order, 0, sizeof c->order);
    return seqecho_trainer_fit(c->trainer, &c->x, &c->y,
                               SEQECHO_FIT(.batch_size = 2, .epochs = epochs,
                                           .on_event = crafted_event, .user = c,
                                           .callbacks = callbacks, .n_callbacks = n,
                                           .validation_x = validation ? &c->val_x : NULL,
                                           .validation_y = validation ? &c->val_y : NULL),
                               report);
}

size_t crafted_epochs(const crafted *c)
{
    size_t count;

    (void)seqecho_trainer_history(c->trainer, "loss", &count);
    return count;
}
