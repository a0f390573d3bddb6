/* api.h - what fuzz_api knows of the objects it has made, and what it expects of a call.
 * SPDX-License-Identifier: MIT
 *
 * An input is a program: a byte says which call comes next, those after it with what.  The
 * state kept here says which outcomes the call may have. */
#ifndef SEQECHO_TESTS_API_H
#define SEQECHO_TESTS_API_H

#include <stdbool.h>

#include <seqecho/seqecho.h>

#include "../api/random_spec.h"
#include "bounded_alloc.h"
#include "fuzz.h"
#include "input.h"

enum {
    API_GRAPHS = 3,
    API_TRAINERS = 3,
    API_PREDICTORS = 2,
    API_DATASETS = 2,
    API_CALLBACKS = 4,
    API_ENDS = 17, /* one more than a graph takes */
    API_NODES = 40,
    API_BLOCKS = 16,
    API_CALLS = 48,
    API_DEPTH = 2 /* of calls made inside events */
};

/* Outcomes that are not a code.  SEQECHO_ENOMEM is expected if, and only if, the hook
 * failed. */
enum {
    API_ANY = 1,     /* success, or any documented code */
    API_REFUSED = 2, /* SEQECHO_EINVAL, SEQECHO_ESHAPE or SEQECHO_ENOTSUP */
    API_RUNS = 3     /* success, or SEQECHO_ENUMERIC */
};

/* What goes into a graph and comes out.  dim[0] is not used. */
typedef struct api_form {
    int64_t batch; /* fixed, or 0 */
    size_t n_in, n_out;
    seqecho_view in[API_ENDS], out[API_ENDS];
    bool lengths[API_ENDS];
    bool known; /* all of this */
} api_form;

typedef struct api_graph {
    seqecho_graph *handle;
    int64_t references; /* of ours */
    int status;         /* of building, as last seen */
    bool frozen;
    api_form form;
    bool output_set; /* outputs were chosen; else the last layer added is the output */
    size_t n_layers, n_nodes;
    seqecho_layer *layer[API_NODES];
    seqecho_node *node[API_NODES];
    bool tail; /* something was added */
    seqecho_view tail_shape;
} api_graph;

typedef enum api_phase {
    API_IDLE,
    API_FORWARD,
    API_GRADIENTS,
    API_APPLIED,
    API_UNKNOWN /* what a fit left */
} api_phase;

typedef struct api_trainer {
    seqecho_trainer *handle;
    seqecho_graph *graph; /* lives as long as the trainer */
    api_form form;
    seqecho_loss loss[API_ENDS];
    bool any_loss;
    bool schedule;
    api_phase phase;
    int64_t samples; /* of the last forward() */
    size_t dx_count;
    size_t epochs; /* in its history */
    bool in_event;
} api_trainer;

typedef struct api_predictor {
    seqecho_predictor *handle;
    seqecho_graph *graph;
    api_form form;
    int64_t batch;
    bool trace;
    int steps; /* of step(): SEQECHO_OK, SEQECHO_ENOTSUP, or API_ANY as long as unknown */
} api_predictor;

typedef struct api_dataset {
    seqecho_dataset *handle;
    seqecho_dataset_options options; /* with the defaults put in */
    uint64_t position;
} api_dataset;

typedef struct api_callback {
    seqecho_callback *handle;
    bool early_stopping;
    bool in_fit;
} api_callback;

typedef struct api {
    input in;
    bounded_alloc memory;
    seqecho_allocator hook;
    int64_t failed; /* of memory, before the call that is being made */
    int depth;      /* of events */
    int calls;
    random_graph *random; /* makes descriptions */
    api_graph graph[API_GRAPHS];
    api_trainer trainer[API_TRAINERS];
    api_predictor predictor[API_PREDICTORS];
    api_dataset dataset[API_DATASETS];
    api_callback callback[API_CALLBACKS];
    void *block[API_BLOCKS]; /* option structs, kept until the end of the call */
    size_t n_blocks;
} api;

/* A call that must come to `want`; returns what it came to. */
#define API_CALL(a, want, call) \
    (api_before(a), api_after(a, want, call, #call, __FILE__, __LINE__))
void api_before(api *a);
int api_after(api *a, int want, int err, const char *call, const char *file, int line);

/* What a handle holds before it is created: if that fails, it must be NULL. */
#define API_STALE(a) ((void *)(a))

/* Did the hook fail during the last call? */
bool api_unlucky(const api *a);

/* An option struct as another version of the library would have it, or broken; *want
 * becomes what must then be said of it. */
const void *api_options(api *a, const void *options, size_t size, int *want);

/* A report that ends where it says, or NULL.  Released with the options. */
seqecho_report *api_report(api *a, int *want);

/* `count` things of so many bytes, in memory of exactly that size. */
void *api_alloc(size_t count, size_t size);

/* Floats of one sample. */
int64_t api_size(const seqecho_view *shape);
size_t api_out_count(const api_form *form, int64_t samples);

/* A checksum of all weights, of a graph that is built. */
uint64_t api_weights(seqecho_graph *graph);

/* Is a fit or another call that trains at work on this graph? */
bool api_busy(const api *a, const seqecho_graph *graph);

/* Make the next call.  Inside events nothing is destroyed. */
void api_run(api *a);

void api_graph_create_whole(api *a, api_graph *g);
void api_graph_create_echo(api *a, api_graph *g);
void api_dataset_create(api *a, api_dataset *d);
void api_trainer_create(api *a, api_trainer *t, api_graph *g);
void api_callback_create(api *a, api_callback *c);

void api_graph_call(api *a);
void api_graph_look(api *a);
void api_graph_destroy(api *a, api_graph *g);
int api_graph_ends_building(const api_graph *g); /* what a call that needs weights gives */
void api_graph_built(api_graph *g);              /* one of those succeeded */
void api_graph_settle(api_graph *g);             /* one of those failed: end it now */
void api_dataset_call(api *a);
void api_array_call(api *a);
void api_callback_call(api *a);
void api_trainer_call(api *a);
void api_step_call(api *a);
void api_fit_call(api *a);
void api_predictor_call(api *a);
void api_files_call(api *a);

/* ---- Samples (api_views.c) ---- */

typedef struct api_views {
    seqecho_view view[2 * API_ENDS];
    void *data[2 * API_ENDS];
    size_t n;
    bool wild;   /* there are NaNs, infinities or huge numbers */
    bool flawed; /* must be refused */
} api_views;

void api_views_x(api *a, api_views *v, const api_form *form, int64_t samples);
void api_views_y(api *a, api_views *v, const api_form *form, int64_t samples,
                 const seqecho_loss *loss);
void api_views_dy(api *a, api_views *v, const api_form *form, int64_t samples);
void api_views_free(api_views *v);

/* Floats in the gradients of the inputs that are given as floats. */
size_t api_dx_count(const api_form *form, const api_views *x, int64_t samples);

/* Samples such as suit a graph. */
int64_t api_samples(api *a, const api_form *form);

#endif /* SEQECHO_TESTS_API_H */
