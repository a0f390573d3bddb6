/* model.c - the graph, trainer and predictor that a case describes.
 * SPDX-License-Identifier: MIT */
#include "model.h"

#include <string.h>

#include "weights.h"

static bool is_wrapper(const struct layer_class *class)
{
    return class->kind == SEQECHO_KIND_TIME_DISTRIBUTED ||
           class->kind == SEQECHO_KIND_BIDIRECTIONAL;
}

/* Put the layer inside into a wrapper's description. */
static bool wrap(struct golden_case *c, seqecho_spec *wrapper, const seqecho_spec *inner,
                 const struct line *line)
{
    seqecho_bidirectional_spec *both;

    if (wrapper->kind == SEQECHO_KIND_TIME_DISTRIBUTED) {
        ((seqecho_time_distributed_spec *)(void *)wrapper)->inner = inner;
        return true;
    }
    both = (seqecho_bidirectional_spec *)(void *)wrapper;
    both->inner = inner;
    return table_merge(c, line, &both->merge_mode);
}

/* Describe the layer called `name`, which may be a wrapper around another: its options
 * stand on the same line, after the outermost name. */
static seqecho_spec *describe(struct golden_case *c, const char *name, size_t length,
                              const struct line *line, const struct layer_class **class)
{
    const char *const open = memchr(name, '(', length);
    char *const own = case_alloc(c, length + 1, 1);
    seqecho_spec *head;

    memcpy(own, name, open ? (size_t)(open - name) : length);
    if (!table_layer(c, own, class))
        return NULL;
    if (is_wrapper(*class) != (open != NULL) || (open && name[length - 1] != ')')) {
        (void)result_fail(c->result, "layer '%s'", name);
        return NULL;
    }
    head = case_alloc(c, 1, (*class)->size);
    head->struct_size = (*class)->size;
    head->kind = (*class)->kind;
    if (open) {
        const struct layer_class *inner_class;
        const size_t inner_length = length - (size_t)(open - name) - 2;
        seqecho_spec *const inner = describe(c, open + 1, inner_length, line, &inner_class);

        return inner && wrap(c, head, inner, line) ? head : NULL;
    }
    return table_fill(c, *class, line, head) ? head : NULL;
}

/* The layer of one line; NULL, with the reason noted, if there is none. */
static seqecho_spec *describe_line(struct golden_case *c, const struct line *line,
                                   const struct layer_class **class)
{
    if (line->words > 0)
        return describe(c, line->word[0], strlen(line->word[0]), line, class);
    (void)result_fail(c->result, "a line 'layer' without a class");
    return NULL;
}

bool model_known(struct golden_case *c)
{
    const struct layer_class *class;

    for (const struct line *line = NULL; (line = case_line(c, "layer", line));)
        if (!describe_line(c, line, &class))
            return false;
    return true;
}

/* What the parity runner has to know of a recurrent layer. */
struct recurrent {
    size_t states; /* 0: it is not recurrent */
    struct model_state state;
    seqecho_bool *return_state;
};

static struct recurrent recurrent_of(seqecho_spec *spec)
{
    void *const own = spec;
    seqecho_lstm_spec *const lstm = own;
    seqecho_gru_spec *const gru = own;
    seqecho_simple_rnn_spec *const rnn = own;

    switch (spec->kind) {
    case SEQECHO_KIND_LSTM:
        return (
            struct recurrent){ 2, { lstm->units, lstm->stateful }, &lstm->return_state };
    case SEQECHO_KIND_GRU:
        return (struct recurrent){ 1, { gru->units, gru->stateful }, &gru->return_state };
    case SEQECHO_KIND_SIMPLE_RNN:
        return (struct recurrent){ 1, { rnn->units, rnn->stateful }, &rnn->return_state };
    default: return (struct recurrent){ 0 };
    }
}

/* More inputs, { x, h, c } or { x, h } together. */
static seqecho_node *call_with_state(struct model *m, seqecho_layer *layer, seqecho_node *x,
                                     const struct recurrent *r)
{
    const seqecho_spec *const state =
        SEQECHO_INPUT(.batch = m->batch, .dim = { r->state.units });
    seqecho_node *nodes[3] = { x };

    for (size_t i = 0; i < r->states; i++)
        nodes[1 + i] = seqecho_graph_input(m->graph, state);
    return seqecho_layer_call_n(layer, nodes, 1 + r->states);
}

/* Add the layer of one line behind `node`.  `last` collects the states that become
 * outputs. */
static seqecho_node *add_layer(struct model *m, const struct line *line, seqecho_node *node,
                               seqecho_node **last)
{
    struct model_layer *const layer = &m->layer[m->layers];
    const size_t first = m->states;
    struct recurrent r;
    seqecho_spec *spec;

    if (m->layers == MODEL_MAX_LAYERS) {
        (void)result_fail(m->c->result, "more than %d layers", MODEL_MAX_LAYERS);
        return NULL;
    }
    spec = describe_line(m->c, line, &layer->class);
    if (!spec)
        return NULL;
    m->layers++;
    if (spec->kind == SEQECHO_KIND_LSTM && case_array_if(m->c, "y1") &&
        case_array_if(m->c, "y1_tf2"))
        ((seqecho_lstm_spec *)(void *)spec)->masked_output = SEQECHO_MASKED_STATE;
    r = recurrent_of(spec);
    for (size_t i = 0; i < r.states; i++)
        m->state[m->states++] = r.state;
    if (r.states > 0 && first < m->ports.last)
        *r.return_state = true;
    layer->layer = seqecho_layer_create(m->graph, spec);
    if (r.states > 0 && first < m->ports.initial)
        node = call_with_state(m, layer->layer, node, &r);
    else
        node = seqecho_layer_call(layer->layer, node);
    for (size_t i = 0; i < r.states && first + i < m->ports.last; i++)
        last[first + i] = seqecho_node_output(node, 1 + i);
    return node;
}

/* input B D0 D1 ... */
static seqecho_node *add_input(struct model *m)
{
    const struct line *const line = case_line(m->c, "input", NULL);
    seqecho_input_spec spec = { .head = { sizeof spec, SEQECHO_KIND_INPUT, 0 } };

    if (!line || line->words < 2) {
        (void)result_fail(m->c->result, "there is no line 'input BATCH SIZE...'");
        return NULL;
    }
    if (line->words > SEQECHO_MAX_RANK) {
        (void)result_unsupported(m->c->result, "input of %zu dimensions", line->words);
        return NULL;
    }
    if (!parse_int(m->c, "input", line->word[0], &m->batch))
        return NULL;
    for (size_t i = 1; i < line->words; i++)
        if (!parse_int(m->c, "input", line->word[i], &spec.dim[i - 1]))
            return NULL;
    if (m->batch < 1 || m->batch > MODEL_MAX_BATCH) {
        (void)result_fail(m->c->result, "input: batch %s", line->word[0]);
        return NULL;
    }
    spec.batch = m->batch;
    m->features = spec.dim[line->words - 2];
    return seqecho_graph_input(m->graph, &spec.head);
}

static bool measure_output(struct model *m, const seqecho_node *node)
{
    if (!result_call(m->c->result, seqecho_node_shape(node, &m->output),
                     "the output's shape"))
        return false;
    m->output.dim[0] = m->batch;
    m->output_count = 1;
    for (int32_t i = 0; i < m->output.rank; i++) {
        if (m->output.dim[i] < 1 ||
            m->output.dim[i] > MODEL_MAX_OUTPUT / (int64_t)m->output_count)
            return result_fail(m->c->result, "the output has no sane size");
        m->output_count *= (size_t)m->output.dim[i];
    }
    return true;
}

static bool build(struct model *m)
{
    seqecho_node *last[2 * MODEL_MAX_LAYERS] = { NULL };
    seqecho_node *node = add_input(m);

    if (!result_open(m->c->result))
        return false;
    for (const struct line *line = NULL; (line = case_line(m->c, "layer", line));) {
        node = add_layer(m, line, node, last);
        if (!result_open(m->c->result))
            return false;
    }
    if (m->layers == 0)
        return result_fail(m->c->result, "there is no line 'layer'");
    if (m->states < m->ports.last)
        return result_fail(m->c->result, "%zu states, of which there are %zu",
                           m->ports.last, m->states);

    (void)seqecho_graph_output(m->graph, node);
    for (size_t i = 0; i < m->ports.last; i++)
        (void)seqecho_graph_output(m->graph, last[i]);
    return result_call(m->c->result, seqecho_graph_status(m->graph), "building") &&
           measure_output(m, node);
}

seqecho_view model_state_view(const struct model *m, size_t state, const float *data)
{
    const int64_t units = m->state[state].units;

    return (seqecho_view){ data, { m->batch, units }, 2, SEQECHO_FLOAT32 };
}

size_t model_state_count(const struct model *m, size_t count)
{
    size_t floats = 0;

    for (size_t i = 0; i < count; i++)
        floats += (size_t)m->batch * (size_t)m->state[i].units;
    return floats;
}

bool model_open(struct model *m, struct golden_case *c, struct model_ports ports)
{
    *m = (struct model){ .c = c, .ports = ports };
    return result_call(c->result, seqecho_graph_create(&m->graph, NULL), "a graph") &&
           build(m) && weights_set(m);
}

void model_close(struct model *m)
{
    seqecho_predictor_destroy(m->predictor);
    seqecho_trainer_destroy(m->trainer);
    seqecho_graph_destroy(m->graph);
    *m = (struct model){ 0 };
}

static bool read_metrics(struct golden_case *c, struct training *t)
{
    const struct line *const line = case_line(c, "metric", NULL);

    for (size_t i = 0; line && i < line->words; i++) {
        uint32_t metric;

        if (!table_metric(c, line->word[i], &metric))
            return false;
        t->metrics |= metric;
    }
    /* A whole program names no metric but has its accuracy. */
    if (case_array_if(c, "accuracy"))
        t->metrics |= SEQECHO_METRIC_ACCURACY;
    return result_open(c->result);
}

/* What the loss of masked steps is divided by, where there are any. */
static bool read_masked_loss(struct golden_case *c, struct training *t)
{
    const struct line *const line = case_line(c, "masked_loss", NULL);
    const char *const word = line && line->words > 0 ? line->word[0] : "0";

    t->masked_mean_all = strcmp(word, "all") == 0;
    if (t->masked_mean_all || strcmp(word, "valid") == 0 || table_is_off(word))
        return true;
    return result_fail(c->result, "masked_loss '%s'", word);
}

static bool read_optimizer(struct golden_case *c, struct training *t)
{
    const struct line *const line = case_line(c, "optimizer", NULL);
    double rate;

    if (!line || line->words < 1)
        return result_fail(c->result, "there is no line 'optimizer'");
    if (!table_optimizer(c, line->word[0], &t->optimizer))
        return false;
    rate = t->optimizer == SEQECHO_SGD ? 0.01 : 0.001;
    return option_double(c, line, "learning_rate", rate, &rate) &&
           table_optimizer_options(c, line) &&
           option_double(c, line, "lr", rate, &t->learning_rate) &&
           option_double(c, line, "beta_1", 0.9, &t->beta_1) &&
           option_double(c, line, "beta_2", 0.999, &t->beta_2) &&
           option_double(c, line, "epsilon", 1e-7, &t->epsilon) &&
           option_double(c, line, "momentum", 0.0, &t->momentum) &&
           option_double(c, line, "rho", 0.9, &t->rho) &&
           option_double(c, line, "weight_decay", 0.0, &t->weight_decay) &&
           option_double(c, line, "clipnorm", 0.0, &t->clip[0]) &&
           option_double(c, line, "global_clipnorm", 0.0, &t->clip[1]) &&
           option_double(c, line, "clipvalue", 0.0, &t->clip[2]) &&
           option_double(c, line, "nesterov", 0.0, &t->nesterov) &&
           option_double(c, line, "amsgrad", 0.0, &t->amsgrad) &&
           option_double(c, line, "centered", 0.0, &t->centered) &&
           option_double(c, line, "eps_inside_sqrt", 0.0, &t->eps_inside_sqrt);
}

bool training_read(struct golden_case *c, struct training *t)
{
    const struct line *const loss = case_line(c, "loss", NULL);

    *t = (struct training){ 0 };
    if (!loss || loss->words < 1)
        return result_fail(c->result, "there is no line 'loss'");
    return table_loss(c, loss->word[0], &t->loss) && read_metrics(c, t) &&
           read_masked_loss(c, t) && read_optimizer(c, t);
}

bool training_takes_classes(const struct training *t)
{
    return t->loss == SEQECHO_CATEGORICAL_CROSSENTROPY ||
           t->loss == SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY;
}

/* Parameters that are doubles, and only nearly the floats of the options. */
static bool set_optimizer(struct model *m, const struct training *t)
{
    const bool sgd = t->optimizer == SEQECHO_SGD, rmsprop = t->optimizer == SEQECHO_RMSPROP;
    const bool adam = !sgd && !rmsprop;
    const struct {
        bool has;
        seqecho_param param;
        double value;
    } set[] = {
        { true, SEQECHO_PARAM_LEARNING_RATE, t->learning_rate },
        { adam, SEQECHO_PARAM_BETA_1, t->beta_1 },
        { adam, SEQECHO_PARAM_BETA_2, t->beta_2 },
        { !sgd, SEQECHO_PARAM_EPSILON, t->epsilon },
        { !adam, SEQECHO_PARAM_MOMENTUM, t->momentum },
        { rmsprop, SEQECHO_PARAM_RHO, t->rho },
    };

    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        if (set[i].has &&
            !result_call(m->c->result,
                         seqecho_trainer_set(m->trainer, set[i].param, set[i].value),
                         "an optimizer setting"))
            return false;
    return true;
}

bool model_train(struct model *m, const struct training *t, bool clipped)
{
    seqecho_trainer_options options = { .struct_size = sizeof options };

    if (t) {
        options.loss = t->loss;
        options.metrics = t->metrics;
        options.masked_mean_all = t->masked_mean_all;
        options.optimizer = t->optimizer;
        options.clipped_crossentropy = clipped;
        options.momentum = (float)t->momentum;
        options.weight_decay = (float)t->weight_decay;
        options.clipnorm = (float)t->clip[0];
        options.global_clipnorm = (float)t->clip[1];
        options.clipvalue = (float)t->clip[2];
        options.nesterov = t->nesterov != 0.0;
        options.amsgrad = t->amsgrad != 0.0;
        options.centered = t->centered != 0.0;
        options.epsilon_outside =
            t->optimizer == SEQECHO_RMSPROP && t->eps_inside_sqrt == 0.0;
    }
    if (!result_call(m->c->result, seqecho_trainer_create(&m->trainer, m->graph, &options),
                     "a trainer"))
        return false;
    return !t || set_optimizer(m, t);
}

bool model_predict(struct model *m)
{
    return result_call(m->c->result,
                       seqecho_predictor_create(&m->predictor, m->graph, NULL),
                       "a predictor");
}
