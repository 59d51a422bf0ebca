/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwks_askpass.c: answers pam_jwks's prompts for ssh and sudo, with a token from a file, a command or
 * oidc-agent.
 *
 * ssh cuts an answer at 1023 characters and sudo refuses more than 511, so a long token goes out in frames
 * `k/M:chunk`, one to a prompt.  Each prompt is a new process.  The first chooses M; the module repeats it in
 * every later prompt, `Token (part k of M): `, and the chunks follow from the token's length and M alone, so
 * nothing has to be remembered between two processes.  What is not a prompt for a token gets no answer.
 */
#include "token_source.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    PARTS_LIMIT = 64, /* the module's */
    FRAME_SIZE = 6,   /* "64/64:" */
    SSH_SIZE = 1000,  /* characters in a frame; ssh takes 1023, with the frame */
    SSH_WHOLE = 1023,
    SAFE_SIZE = 500, /* sudo takes 511; so does everything of today */
    SAFE_WHOLE = 511,
    SMALLEST_SIZE = 248, /* for a program that refused the first answer; sudo 1.8 takes 255 */
    SIZE_LEAST = 16,
    SIZE_MOST = 4000 /* su and login take 4095 */
};

/* How much goes into one answer. */
struct size {
    size_t whole; /* a token up to this goes out bare, for any PAM module */
    size_t chunk; /* else in frames with at most this much */
};

/* What a prompt wants: a part of so many; 0: it does not say. */
struct question {
    unsigned int part; /* 0: a first prompt */
    unsigned int total;
};

/* --- the prompt --- */

static const char *last_line(const char *prompt)
{
    const char *newline = strrchr(prompt, '\n');

    return newline == NULL ? prompt : newline + 1;
}

/* The number of at most two digits behind `before`, and `*text` moves behind it; 0: there is none. */
static unsigned int skip_to_number(const char **text, const char *before)
{
    unsigned int number = 0;

    if (strncmp(*text, before, strlen(before)) != 0)
        return 0;
    *text += strlen(before);
    for (int digits = 0; digits < 2 && **text >= '0' && **text <= '9'; digits++)
        number = number * 10 + (unsigned int)(*(*text)++ - '0');
    return number;
}

/* What ssh puts before a prompt, `(user@host) `, comes off; `RSA SecurID Token: ` is somebody else's prompt. */
static const char *skip_host(const char *line)
{
    const char *end = *line == '(' ? strstr(line, ") ") : NULL;

    return end != NULL ? end + 2 : line;
}

/*
 * `Token: `, `Token (part k): ` or `Token (part k of M): ` is all of the last line; ssh up to 10.2 puts messages that
 * wait before it, with line ends.
 */
static bool parse_prompt(const char *prompt, struct question *question)
{
    const char *part = skip_host(last_line(prompt));

    *question = (struct question){0, 0};
    if (strncmp(part, "Token (part ", strlen("Token (part ")) != 0)
        return strcmp(part, "Token: ") == 0;
    question->part = skip_to_number(&part, "Token (part ");
    if (question->part > 0 && strncmp(part, " of ", 4) == 0 &&
        (question->total = skip_to_number(&part, " of ")) == 0)
        return false;
    return question->part > 0 && strcmp(part, "): ") == 0;
}

/* Only ssh, from 8.5, begins each prompt with `(user@host) `; for all others the smaller size is safe. */
static bool is_ssh_prompt(const char *prompt)
{
    const char *at = strchr(prompt, '@'), *end = strstr(prompt, ") ");

    return *prompt == '(' && at != NULL && end != NULL && at < end;
}

/* --- the answer --- */

/* How many frames: as the prompt says, or for a first answer as few as can be; 0: more than are allowed. */
static unsigned int count_parts(const struct question *question, size_t length, size_t chunk)
{
    size_t parts = question->total > 0 ? question->total : (length + chunk - 1) / chunk;

    return parts > PARTS_LIMIT ? 0 : (unsigned int)parts;
}

static int write_all(const char *text, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t wrote = write(STDOUT_FILENO, text + done, length - done);

        if (wrote > 0)
            done += (size_t)wrote;
        else if (wrote == 0 || errno != EINTR)
            return client_complain(EXIT_NO_TOKEN, "standard output: %s", strerror(errno));
    }
    return EXIT_ANSWERED;
}

/* The line end is part of the answer: an askpass that prints nothing at all ends sudo. */
static int write_answer(const char *frame, const char *chunk, size_t length)
{
    char line[FRAME_SIZE + TOKEN_LIMIT + 2];
    int framed = snprintf(line, sizeof(line), "%s", frame), code;

    memcpy(line + framed, chunk, length);
    line[(size_t)framed + length] = '\n';
    code = write_all(line, (size_t)framed + length + 1);
    explicit_bzero(line, sizeof(line));
    return code;
}

/* Part `part` of `total` parts of one length but the last. */
static int write_part(const struct token *token, unsigned int part, unsigned int total)
{
    size_t chunk = (token->length + total - 1) / total, start = (part - 1) * chunk;
    char frame[32];

    if (part > total || start >= token->length)
        return client_complain(EXIT_NO_TOKEN,
                               "part %u of %u was asked for, which a token of %zu characters has not", part,
                               total, token->length);
    if (chunk > token->length - start)
        chunk = token->length - start;
    snprintf(frame, sizeof(frame), "%u/%u:", part, total);
    return write_answer(frame, token->text + start, chunk);
}

static int answer(const struct token *token, const struct question *question, const struct size *size)
{
    bool refused = question->part == 1 && question->total == 0; /* `Token (part 1): ` follows a refusal */
    size_t chunk = refused && size->chunk > SMALLEST_SIZE ? SMALLEST_SIZE : size->chunk;
    unsigned int total;

    if (question->part == 0 && token->length <= size->whole)
        return write_answer("", token->text, token->length);
    if (question->part > 1 && question->total == 0)
        return client_complain(
            EXIT_NO_TOKEN, "the host says that the token, of %zu characters, is incomplete", token->length);
    total = count_parts(question, token->length, chunk);
    if (total == 0)
        return client_complain(EXIT_NO_TOKEN, "the token, of %zu characters, makes more than %d parts",
                               token->length, PARTS_LIMIT);
    return write_part(token, question->part == 0 ? 1 : question->part, total);
}

/* --- the command line --- */

static const char usage[] = "usage: jwks-askpass [-s SIZE] PROMPT\n";
static const char help[] =
    "\n"
    "Answers pam_jwks's prompt for a token; ssh and sudo run it, by SSH_ASKPASS and SUDO_ASKPASS.\n"
    "\n"
    "  -s, --size SIZE   characters in one part; default 1000 for ssh, else 500\n"
    "  -h, --help        this text\n"
    "  -V, --version     the version\n"
    "\n"
    "The token comes from the first of these that is set:\n"
    "  JWKS_TOKEN_FILE           a file that only you can read\n"
    "  JWKS_TOKEN_COMMAND        a command for /bin/sh that prints it\n"
    "  JWKS_OIDC_AGENT_ACCOUNT   an account of oidc-agent\n"
    "JWKS_ASKPASS_SIZE            as --size\n"
    "\n"
    "Exit status: 0 answered, 1 not a prompt for a token, 2 no usable token, 64 wrong usage.\n"
    "See jwks-askpass(1).\n";

static bool parse_size(const char *text, struct size *size)
{
    char *end;
    unsigned long number;

    if (*text < '0' || *text > '9')
        return false;
    number = strtoul(text, &end, 10);
    if (*end != '\0' || number < SIZE_LEAST || number > SIZE_MOST)
        return false;
    *size = (struct size){number, number};
    return true;
}

static void set_default_size(const char *prompt, struct size *size)
{
    if (size->chunk == 0 && is_ssh_prompt(prompt))
        *size = (struct size){SSH_WHOLE, SSH_SIZE};
    else if (size->chunk == 0)
        *size = (struct size){SAFE_WHOLE, SAFE_SIZE};
}

static int answer_prompt(const char *prompt, struct size *size)
{
    struct token token = {"", 0};
    struct question question;
    int code;

    if (!parse_prompt(prompt, &question))
        return client_complain(EXIT_NO_TOKEN_PROMPT, "not a prompt for a token, and not answered");
    set_default_size(prompt, size);
    code = token_source_read(&token);
    if (code == EXIT_ANSWERED)
        code = answer(&token, &question, size);
    explicit_bzero(&token, sizeof(token));
    return code;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"size", required_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    const char *text = client_environment("JWKS_ASKPASS_SIZE");
    struct size size = {0, 0};
    int option;

    setrlimit(RLIMIT_CORE, &(const struct rlimit){0, 0}); /* the token is in our memory, and in the command's */
    signal(SIGCHLD, SIG_DFL); /* whoever started us may ignore it, and a command's end would be lost */
    while ((option = getopt_long(argc, argv, "s:hV", options, NULL)) != -1) {
        if (option == 'h')
            return printf("%s%s", usage, help) < 0 ? EXIT_NO_TOKEN : EXIT_ANSWERED;
        if (option == 'V')
            return printf("jwks-askpass %s\n", PACKAGE_VERSION) < 0 ? EXIT_NO_TOKEN : EXIT_ANSWERED;
        if (option != 's')
            break;
        text = optarg;
    }
    if (option != -1 || argc - optind != 1) {
        fputs(usage, stderr);
        return EXIT_BAD_USAGE;
    }
    if (text != NULL && !parse_size(text, &size))
        return client_complain(EXIT_BAD_USAGE, "a size is a number from %d to %d", SIZE_LEAST, SIZE_MOST);
    return answer_prompt(argv[optind], &size);
}
