/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loopback_page.c: the pages that the browser is shown: text, and nothing that a browser would run or load.
 */
#include "login.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* As text in a page; what is not ASCII stays, and is not valid UTF-8 at worst. */
static void escape(struct bytes *page, const char *text)
{
    for (; *text != '\0'; text++) {
        char reference[8];

        if (strchr("<>&\"'", *text) == NULL) {
            bytes_add(page, (unsigned char)*text < ' ' ? " " : text, 1);
            continue;
        }
        snprintf(reference, sizeof(reference), "&#%d;", *text);
        bytes_text(page, reference);
    }
}

static void make_page(struct bytes *out, const char *status, const char *title, const char *text)
{
    CLEANUP(bytes_wipe) struct bytes page = {0};
    char length[64];

    bytes_text(&page, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    escape(&page, title);
    bytes_text(&page, "</title></head><body><h1>");
    escape(&page, title);
    bytes_text(&page, "</h1><p>");
    escape(&page, text);
    bytes_text(&page, "</p></body></html>\n");
    bytes_text(out, "HTTP/1.1 ");
    bytes_text(out, status);
    bytes_text(out,
               "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Security-Policy: default-src 'none'; "
               "frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
               "Cache-Control: no-store\r\nConnection: close\r\n");
    snprintf(length, sizeof(length), "Content-Length: %zu\r\n\r\n", page.length);
    bytes_text(out, length);
    bytes_add(out, page.at, page.length);
    out->failed |= page.failed;
}

/* A page is smaller than a socket's buffer: what does not go out at once is for nobody. */
void page_send(int fd, const char *status, const char *title, const char *text)
{
    CLEANUP(bytes_wipe) struct bytes out = {0};

    make_page(&out, status, title, text);
    if (!out.failed)
        (void)!send(fd, out.at, out.length, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
}
