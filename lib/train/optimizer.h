/* train/optimizer.h - optimizers over the whole parameter block.
 * SPDX-License-Identifier: MIT
 *
 * All that a step depends on, besides weights and gradients, is in the struct: what a later
 * run needs to go on is `iterations`, `u_product` and the moments. */
#ifndef SE_TRAIN_OPTIMIZER_H
#define SE_TRAIN_OPTIMIZER_H

#include <seqecho/trainer.h>

#include "train/gradients.h"
#include "train/schedule.h"

/* What is kept for each weight from step to step. */
typedef enum se_moment {
    SE_MOMENT_MEAN,     /* of the gradient: Adam and its kin, RMSprop if centered */
    SE_MOMENT_SQUARE,   /* mean square of the gradient: all but SGD */
    SE_MOMENT_LARGEST,  /* of those: amsgrad */
    SE_MOMENT_VELOCITY, /* SGD and RMSprop with momentum */
    SE_MOMENTS
} se_moment;

typedef struct se_optimizer {
    seqecho_optimizer kind;
    bool amsgrad, nesterov, centered, epsilon_outside;
    double learning_rate; /* without a schedule */
    double beta_1, beta_2, epsilon, momentum, rho, weight_decay;
    se_schedule schedule;
    se_clip clip;

    int64_t iterations; /* steps made */
    double u_product;   /* Nadam: of the momenta of all steps made */

    /* In the layout of the parameters; those that this optimizer has, the others NULL. */
    float *moment[SE_MOMENTS];
    double *room; /* for sums over weights: se_gradients_room() */
} se_optimizer;

/* Check the optimizer's options; no moments yet. */
int se_optimizer_read(se_optimizer *optimizer, const seqecho_trainer_options *options);

/* Zero moments for the weights of this graph, whose building has ended. */
int se_optimizer_create(se_optimizer *optimizer, const seqecho_graph *graph,
                        const seqecho_allocator *a);
void se_optimizer_finish(se_optimizer *optimizer, const seqecho_allocator *a);

/* SEQECHO_EINVAL for an unknown parameter, one that this optimizer has not, or a value out
 * of its range; SEQECHO_ESTATE where a schedule sets the learning rate, and for a momentum
 * where none was asked for, so that there is no velocity. */
int se_optimizer_set(se_optimizer *optimizer, seqecho_param param, double value);
int se_optimizer_get(const se_optimizer *optimizer, seqecho_param param, double *value);

/* ---- For files: parameters as they stand, whether or not a schedule overrules them --- */

/* "Adam". */
const char *se_optimizer_name(const se_optimizer *optimizer);

/* The name and value of a parameter; NULL if this optimizer has not got it. */
#define SE_PARAM_LAST SEQECHO_PARAM_WEIGHT_DECAY
const char *se_optimizer_param(const se_optimizer *optimizer, seqecho_param param,
                               double *value);

/* Set one, in its range. */
int se_optimizer_put(se_optimizer *optimizer, seqecho_param param, double value);

/* ---- */

/* The learning rate of the next step. */
double se_optimizer_rate(const se_optimizer *optimizer);

/* One step with these gradients, clipped on the way: they are left as they are. */
void se_optimizer_step(se_optimizer *optimizer, const se_compute *compute,
                       const seqecho_graph *graph, const float *grads);

#endif /* SE_TRAIN_OPTIMIZER_H */
