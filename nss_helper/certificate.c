/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate.c: a certificate that carries a token.
 *
 * That the certificate signs itself, names the user and is in its time has been looked at
 * (jwkscore_offer_check); that the token belongs to its key is a part of the decision.
 */
#include "helper.h"

enum jwkscore_status certificate_decide(struct call *call)
{
    size_t length = 0;
    const char *token = jwkscore_offer_token(call->config, call->offer, NULL, &length);
    enum jwkscore_status status;

    call->no_token = token == NULL;
    if (call->no_token)
        return call_refuse(call, JWKSCORE_E_UNBOUND, "the certificate holds no token");
    if ((status = call_authenticate(call, token, length, true)) != JWKSCORE_OK ||
        (status = jwkscore_offer_check_extension(call->config, call->offer, call->identity, &call->error)) !=
            JWKSCORE_OK)
        return status;
    return call_answer(call, true);
}
