/* alloc_world.h - objects of every kind, on memory that can be failed, for calls that are
 * tried without it.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TESTS_ALLOC_WORLD_H
#define SEQECHO_TESTS_ALLOC_WORLD_H

#include "../files/files.h"
#include "counting_alloc.h"

enum { SAMPLES = 14, OUT = SAMPLES * 5 * 6, CALLBACKS = 4 };

enum { /* what a scenario needs */
       GRAPH = 1,
       TRAINER = 2,   /* that has made some steps */
       PREDICTOR = 4, /* of 2 sequences */
       DATA = 8,
       WATCHED = 16, /* callbacks: early stopping, log, lower rate */
       SAVED = 32,   /* and the checkpoint one, in the directory "run" */
       PAUSED = 64,  /* the trainer waits to go on in mid-fit */
       FILES = 128   /* "model" and "training" */
};

typedef struct world {
    counting_alloc memory;
    seqecho_allocator hook;
    seqecho_graph *graph, *made;
    seqecho_trainer *trainer, *made_trainer;
    seqecho_predictor *predictor, *made_predictor;
    seqecho_dataset *data, *held_out, *made_data;
    seqecho_callback *callback[CALLBACKS], *made_callback;
    size_t n_callbacks;
    const seqecho_view *x, *y;
    float out[OUT];
    char text[256];
    size_t count;
} world;

/* What jansson takes, once json_set_alloc_funcs() has these. */
extern counting_alloc world_json;
void *world_json_alloc(size_t size);
void world_json_release(void *ptr);

/* A model, a trainer after a fit, and one in the midst of it: what worlds begin with. */
extern file_bytes model_file, training_file, paused_file;

/* Nothing may live when a world is closed. */
void world_open(world *w, unsigned needs);
void world_close(world *w);

/* Each makes one thing, as those of a world are. */
seqecho_graph *world_graph(const seqecho_allocator *hook, int64_t units);
int world_trainer(world *w, seqecho_trainer **out);
int world_data(world *w, seqecho_dataset **out, bool held_out);
int world_stop(world *w, seqecho_callback **out);
int world_log(world *w, seqecho_callback **out);
int world_reduction(world *w, seqecho_callback **out);
int world_checkpoint(world *w, seqecho_callback **out);

/* All that can be saved of the objects, and what a call has made and given as well. */
uint64_t world_state(world *w);
uint64_t world_result(world *w);

#endif /* SEQECHO_TESTS_ALLOC_WORLD_H */
