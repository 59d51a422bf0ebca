/* SPDX-License-Identifier: Apache-2.0 */
/* measure.h: the clock, the median and the interleaved rounds of what is measured inside one process. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS_MAX = 1001, TURNS_MAX = 40 };

/* One that takes turns: its calls in a row are timed together, so that the clock costs nothing. */
struct turn {
    const char *name;
    void (*run)(void *data);
    void *data;
    double times[ROUNDS_MAX];
};

static inline double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* What callgrind counts: it collects from here on and stops at the return (--toggle-collect=counted). */
static __attribute__((noinline, used)) void counted(const struct turn *turn)
{
    turn->run(turn->data);
    __asm__ volatile("" ::: "memory");
}

static inline int compare_times(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static inline double median(double *times, int count)
{
    qsort(times, (size_t)count, sizeof(*times), compare_times);
    return times[count / 2];
}

static inline int rounds_of(const char *text)
{
    int rounds = atoi(text);

    if (rounds < 0 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "rounds: 0 to %d\n", ROUNDS_MAX);
        exit(64);
    }
    return rounds;
}

/* Puts those that are named to the front, in this order, and returns how many. */
static inline int pick_turns(struct turn *turns, int count, char **names)
{
    int picked = 0;

    for (; *names != NULL; names++, picked++) {
        struct turn other = turns[picked];
        int at = picked;

        while (at < count && strcmp(turns[at].name, *names) != 0)
            at++;
        if (at == count) {
            fprintf(stderr, "there is no %s, or it is named twice\n", *names);
            exit(64);
        }
        turns[picked] = turns[at];
        turns[at] = other;
    }
    return picked;
}

/* All of them in each round; a line each, NAME and the median in microseconds.  No rounds: counted, once. */
static inline void take_turns(struct turn *turns, int count, int rounds, int calls)
{
    for (int i = 0; i < count; i++)
        turns[i].run(turns[i].data); /* what only the first call pays is not measured here */
    if (rounds == 0) {
        for (int i = 0; i < count; i++)
            counted(&turns[i]);
        return;
    }
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < count; i++) {
            double began = now_us();

            for (int call = 0; call < calls; call++)
                turns[i].run(turns[i].data);
            turns[i].times[round] = (now_us() - began) / calls;
        }
    for (int i = 0; i < count; i++)
        printf("%s\t%.1f\n", turns[i].name, median(turns[i].times, rounds));
}

#endif
