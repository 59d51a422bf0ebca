/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cachefile_helper.c: the helper from inside: it does what the file `plan` says (cachefile.h).
 *
 * It runs in a process of its own, perhaps as another user, and nobody sees its errors: nothing of libcheck in here.
 */
#include "cachefile.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static FILE *open_there(const struct helper *helper, struct text name, const char *mode)
{
    char path[sizeof(helper->room) + 256];

    snprintf(path, sizeof(path), "%s/%.*s", helper->room, (int)name.length, name.bytes);
    return fopen(path, mode);
}

static const char *argument(const struct helper *helper, const char *option)
{
    for (int i = 1; i + 1 < helper->argc; i++)
        if (strcmp(helper->argv[i], option) == 0)
            return helper->argv[i + 1];
    return NULL;
}

static void do_log(const struct helper *helper, struct text rest)
{
    const char *hash = argument(helper, "--kid-hash");
    FILE *file = open_there(helper, rest, "ae");

    if (file == NULL)
        return;
    fprintf(file, "%s%s%s%s\n", argument(helper, "--reason"), hash != NULL ? " " : "", hash != NULL ? hash : "",
            argument(helper, "--wait-ms") != NULL ? " waited" : "");
    fclose(file);
}

/* NULL: nobody waits, so nobody reads.  The descriptor itself stays open to the end. */
static FILE *answer_file(void)
{
    int fd = fcntl(REFRESH_ANSWER_FD, F_DUPFD_CLOEXEC, REFRESH_ANSWER_FD + 1);

    return fd < 0 ? NULL : fdopen(fd, "we");
}

/* With the boot clock where it belongs. */
static char *stamped(char *head)
{
    char *stamp = strstr(head, PREPARED_STAMP), *whole = NULL;

    if (stamp == NULL)
        return strdup(head);
    *stamp = '\0';
    if (asprintf(&whole, "%s%" PRId64 "%s", head, clock_boot_ms(), stamp + strlen(PREPARED_STAMP)) < 0)
        return NULL;
    return whole;
}

/* The two lines of a file that `prepare` wrote, as an envelope. */
static bool make_envelope(const struct helper *helper, struct text name, struct buffer *ret_file)
{
    CLEANUP(string_freep) char *head = NULL;
    char bytes[32768], *body;
    FILE *from = open_there(helper, name, "re");
    struct crypto *crypto;
    bool ok;

    if (from == NULL)
        return false;
    bytes[fread(bytes, 1, sizeof(bytes) - 1, from)] = '\0';
    fclose(from);
    body = strchr(bytes, '\n');
    if (body == NULL || (crypto = crypto_new()) == NULL)
        return false;
    *body++ = '\0';
    head = stamped(bytes);
    ok = head != NULL && envelope_write(crypto, "keys", text_from(head), text_from(body), ret_file);
    crypto_free(crypto);
    return ok;
}

static void do_publish(const struct helper *helper, struct text rest)
{
    CLEANUP(buffer_freep) struct buffer envelope = {0};
    struct text from, name;
    FILE *file;

    if (!text_take_word(&rest, &from) || !text_take_word(&rest, &name) || !make_envelope(helper, from, &envelope))
        return;
    file = open_there(helper, name, "we");
    if (file == NULL)
        return;
    fwrite(envelope.bytes, 1, envelope.length, file);
    fclose(file);
}

static void do_answer(const struct helper *helper, struct text rest)
{
    CLEANUP(buffer_freep) struct buffer envelope = {0};
    struct text outcome, http, next, from;
    unsigned char bytes[REFRESH_ANSWER_SIZE];
    int64_t status = 0, seconds = 0;
    FILE *file = answer_file();

    if (file == NULL || !text_take_word(&rest, &outcome) || !text_take_word(&rest, &http) ||
        !text_take_word(&rest, &next) || !text_number(http, &status) || !text_number(next, &seconds) ||
        (text_take_word(&rest, &from) && !make_envelope(helper, from, &envelope)))
        return;
    refresh_answer_encode(&(struct refresh_answer){refresh_outcome_named(outcome), (unsigned)status, (uint32_t)seconds,
                                                   (uint32_t)envelope.length}, bytes);
    fwrite(bytes, 1, sizeof(bytes), file);
    if (envelope.length > 0)
        fwrite(envelope.bytes, 1, envelope.length, file);
    fclose(file);
}

/* Whatever they mean. */
static void do_bytes(const struct helper *helper, struct text hex)
{
    FILE *file = answer_file();

    (void)helper;
    if (file == NULL)
        return;
    for (size_t i = 0; i + 1 < hex.length; i += 2)
        putc((int)strtol((char[]){hex.bytes[i], hex.bytes[i + 1], '\0'}, NULL, 16), file);
    fclose(file);
}

static void do_sleep(const struct helper *helper, struct text rest)
{
    struct timespec left;
    int64_t ms = 0;

    (void)helper;
    if (!text_number(rest, &ms))
        return;
    left = (struct timespec){ms / 1000, ms % 1000 * 1000000};
    nanosleep(&left, NULL);
}

static void do_kill(const struct helper *helper, struct text rest)
{
    (void)helper;
    (void)rest;
    kill(getpid(), SIGKILL);
}

static void do_record(const struct helper *helper, struct text rest)
{
    FILE *file = open_there(helper, rest, "we");

    if (file == NULL)
        return;
    if (helper->record != NULL)
        helper->record(helper, file);
    fclose(file);
}

static const struct {
    const char *word;
    void (*do_it)(const struct helper *, struct text rest);
} commands[] = {
    {"log", do_log}, {"record", do_record}, {"sleep", do_sleep}, {"publish", do_publish},
    {"answer", do_answer}, {"bytes", do_bytes}, {"kill", do_kill},
};

int helper_main(int argc, char **argv, void (*record)(const struct helper *, FILE *))
{
    struct helper helper = {.argc = argc, .argv = argv, .record = record};
    char *slash, lines[4096];
    struct text rest, line, word;
    FILE *file;

    snprintf(helper.room, sizeof(helper.room), "%s", argv[0]);
    slash = strrchr(helper.room, '/');
    if (slash == NULL)
        return 1;
    *slash = '\0';
    file = open_there(&helper, TEXT("plan"), "re");
    if (file == NULL)
        return 1;
    rest = (struct text){lines, fread(lines, 1, sizeof(lines), file)};
    fclose(file);
    while (text_take_line(&rest, &line) && text_take_word(&line, &word))
        for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
            if (text_is(word, commands[i].word))
                commands[i].do_it(&helper, text_trim(line));
    return 0;
}
