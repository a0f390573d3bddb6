/* train/objective.c - what the trainer minimises and measures: options and targets.
 * SPDX-License-Identifier: MIT */
#include "train/objective.h"

#include <inttypes.h>
#include <math.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/strbuf.h"

/* ---- Options ---- */

static bool is_loss(seqecho_loss loss)
{
    return loss >= SEQECHO_LOSS_NONE && loss <= SEQECHO_HUBER;
}

int se_objective_check(const seqecho_trainer_options *opt)
{
    const uint32_t known = ((uint32_t)1 << SE_METRICS) - 1;

    if (!is_loss(opt->loss))
        return se_fail(SEQECHO_EINVAL, "trainer: loss is %d, expected a seqecho_loss",
                       (int)opt->loss);
    if ((opt->metrics & ~known) != 0)
        return se_fail(SEQECHO_ENOTSUP, "trainer: metrics 0x%x are unknown to this library",
                       opt->metrics & ~known);
    if (!(opt->label_smoothing >= 0.0f && opt->label_smoothing <= 1.0f))
        return se_fail(SEQECHO_EINVAL, "trainer: label_smoothing is %g, expected 0 to 1",
                       (double)opt->label_smoothing);
    if (!(opt->huber_delta >= 0.0f && isfinite(opt->huber_delta)))
        return se_fail(SEQECHO_EINVAL,
                       "trainer: huber_delta is %g, expected 0 (1) or a positive number",
                       (double)opt->huber_delta);
    if (opt->top_k < 0)
        return se_fail(SEQECHO_EINVAL,
                       "trainer: top_k is %" PRId32 ", expected 0 (5) or more", opt->top_k);
    if (opt->from_logits && opt->clipped_crossentropy)
        return se_fail(SEQECHO_EINVAL,
                       "trainer: clipped_crossentropy is for probabilities, but "
                       "from_logits says that the outputs are logits");
    return SEQECHO_OK;
}

static bool is_crossentropy(seqecho_loss loss)
{
    return se_loss_takes_classes(loss) || loss == SEQECHO_BINARY_CROSSENTROPY;
}

static int read_output(se_objective *o, const seqecho_trainer_options *opt, se_slot *slot,
                       size_t i)
{
    const seqecho_loss loss = opt->losses != NULL ? opt->losses[i] : opt->loss;
    const bool entropy = is_crossentropy(loss);

    if (!is_loss(loss))
        return se_fail(SEQECHO_EINVAL,
                       "trainer: losses[%zu] is %d, expected a seqecho_loss", i, (int)loss);
    o->weight[i] = opt->loss_weights != NULL ? opt->loss_weights[i] : 1.0f;
    if (!isfinite(o->weight[i]))
        return se_fail(SEQECHO_EINVAL,
                       "trainer: loss_weights[%zu] is %g, expected a finite number", i,
                       (double)o->weight[i]);
    if (!se_loss_takes_classes(loss) || opt->clipped_crossentropy || opt->from_logits)
        slot->defers_softmax = false;
    o->output[i] = (se_criterion){
        .loss = loss,
        .logits = entropy && (opt->from_logits || slot->defers_softmax),
        .smoothing = entropy ? opt->label_smoothing : 0.0f,
        .delta = opt->huber_delta > 0.0f ? opt->huber_delta : 1.0f,
    };
    o->any = o->any || loss != SEQECHO_LOSS_NONE;
    return SEQECHO_OK;
}

int se_objective_create(se_objective *o, const seqecho_trainer_options *opt, se_session *s,
                        const seqecho_allocator *a)
{
    const bool errors = (opt->metrics & (SEQECHO_METRIC_MSE | SEQECHO_METRIC_MAE)) != 0;
    size_t widest = 0, rows = 0;

    *o = (se_objective){
        .mean_all = opt->masked_mean_all != 0,
        .metrics = { opt->metrics, opt->top_k > 0 ? opt->top_k : 5 },
    };
    for (size_t i = 0; i < s->graph->n_outputs; i++) {
        const size_t cols = (size_t)se_shape_features(&s->outputs[i]->shape);

        SE_TRY(read_output(o, opt, s->outputs[i], i));
        widest = cols > widest ? cols : widest;
        if (o->output[i].smoothing > 0.0f)
            rows = SE_LOSS_ROWS_SMOOTH;
        else if (s->outputs[i]->defers_softmax && errors && rows == 0)
            rows = 1;
    }
    if (rows == 0)
        return SEQECHO_OK;
    return se_alloc(&o->room, a, widest, rows * sizeof *o->room, "targets");
}

void se_objective_finish(se_objective *o, const seqecho_allocator *a)
{
    se_free(a, o->room);
    o->room = NULL;
}

/* ---- Targets and weights ---- */

/* One weight for each sample, or for each of its steps. */
static bool weight_shape_ok(const seqecho_view *weight, const se_shape *shape,
                            int64_t samples)
{
    if (weight->rank < 1 || weight->dim[0] != samples)
        return false;
    return weight->rank == 1 ||
           (weight->rank == 2 && shape->rank > 1 && weight->dim[1] == shape->dim[0]);
}

static int check_weight(const seqecho_view *weight, const se_shape *shape, int64_t samples,
                        const char *name)
{
    const int64_t steps = weight->rank == 2 ? weight->dim[1] : 1;
    const float *const w = weight->data;
    char by_step[SE_SHAPE_TEXT], got[SE_SHAPE_TEXT];
    se_strbuf text;

    if (weight->dtype != SEQECHO_FLOAT32)
        return se_fail(SEQECHO_EINVAL, "%s: sample_weight has dtype %d, expected float32",
                       name, weight->dtype);
    if (!weight_shape_ok(weight, shape, samples)) {
        se_strbuf_init(&text, by_step, sizeof by_step);
        if (shape->rank > 1)
            se_strbuf_add(&text, " or (%" PRId64 ", %" PRId64 ")", samples, shape->dim[0]);
        return se_fail(SEQECHO_ESHAPE,
                       "%s: expected sample_weight of shape (%" PRId64 ")%s, found %s",
                       name, samples, by_step, se_view_text(got, weight));
    }
    for (int64_t i = 0; i < samples * steps; i++)
        if (!isfinite(w[i]))
            return se_fail(SEQECHO_EINVAL,
                           "%s: sample_weight is %g at sample %" PRId64 ", step %" PRId64
                           ", expected a finite number",
                           name, (double)w[i], i / steps, i % steps);
    return SEQECHO_OK;
}

int se_objective_check_targets(const se_objective *o, const se_session *s, size_t i,
                               const seqecho_view *y, const seqecho_view *weight,
                               int64_t samples)
{
    const char *const name = s->outputs[i]->node->call->layer->name;
    const se_shape *const shape = &s->outputs[i]->shape;
    const seqecho_loss loss = o->output[i].loss;
    int64_t n = 0;

    if (loss == SEQECHO_LOSS_NONE)
        return SEQECHO_OK;
    if (loss == SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY && y->dtype != SEQECHO_INT32)
        return se_fail(
            SEQECHO_EINVAL,
            "%s: sparse categorical cross-entropy takes int32 targets, found dtype %d",
            name, y->dtype);
    SE_TRY(se_view_check(y, shape, se_loss_takes_classes(loss), name, "y", &n));
    if (n != samples)
        return se_fail(SEQECHO_ESHAPE, "%s: y has %" PRId64 " samples, x has %" PRId64,
                       name, n, samples);
    if (weight != NULL && weight->data != NULL)
        SE_TRY(check_weight(weight, shape, samples, name));
    return SEQECHO_OK;
}
