/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.c: the GET that a program makes which has libcurl inside: HTTPS, with the usual settings, and the
 * answer is thrown away.  One process, nothing confined, nothing checked and nothing written.
 *
 *     fetch URL CA-FILE
 *     fetch --only-linked    nothing: what a process costs that is linked to libcurl
 */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static size_t take(char *bytes, size_t size, size_t count, void *total)
{
    (void)bytes;
    *(size_t *)total += size * count;
    return size * count;
}

int main(int argc, char **argv)
{
    size_t total = 0;
    CURL *curl;
    CURLcode code;

    if (argc == 2 && strcmp(argv[1], "--only-linked") == 0)
        return curl_version() == NULL;
    if (argc != 3) {
        fprintf(stderr, "usage: fetch URL CA-FILE, or fetch --only-linked\n");
        return 64;
    }
    curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &total);
    curl_easy_setopt(curl, CURLOPT_CAINFO, argv[2]);
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        fprintf(stderr, "fetch: %s\n", curl_easy_strerror(code));
    curl_easy_cleanup(curl);
    return code != CURLE_OK || total == 0;
}
