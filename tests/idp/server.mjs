#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// A real, OpenID-certified OP (panva/oidc-provider v9) on loopback HTTPS, for tests.
// See README.md.  Everything it writes lies under --dir.
import * as https from 'node:https';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as crypto from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import Provider from 'oidc-provider';

const { values: opt } = parseArgs({ options: {
  dir: { type: 'string', default: './state' },
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '0' },          // 0: any free port, see DIR/env
  name: { type: 'string', default: 'localhost' },  // host name in the issuer
  path: { type: 'string', default: '' },           // e.g. /realms/test, as Keycloak has it
  users: { type: 'string' },                       // JSON file, see USERS below
  'dev-interactions': { type: 'boolean', default: false }, // HTML login + consent pages
  conform: { type: 'boolean', default: false },    // true: profile claims only at userinfo (spec default)
  record: { type: 'boolean', default: false },     // each token request and its answer, a line of DIR/grants
  'no-alg': { type: 'boolean', default: false },   // leave RSA key without "alg": one key for RS256 + PS256
} });
if (!['127.0.0.1', '::1'].includes(opt.host)) throw new Error('loopback only');

const ALGS = ['RS256', 'RS384', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];
const USERS = opt.users ? JSON.parse(fs.readFileSync(opt.users)) : {
  alice: { sub: '7f3a9c52-alice', name: 'Alice Test', email: 'alice@example.test', email_verified: true,
    groups: ['ssh-users', 'wheel'], amr: ['pwd', 'otp'], acr: 'urn:test:loa:2' },
  bob: { sub: '0d21be10-bob', name: 'Bob Test', email: 'bob@example.test', email_verified: false,
    groups: ['ssh-users'], amr: ['pwd'], acr: 'urn:test:loa:1' },
  mallory: { sub: 'alice', name: 'alice', email: 'alice@evil.test', email_verified: false, groups: [],
    amr: ['pwd'], acr: 'urn:test:loa:1' },            // sub equal to another's user name
  big: { sub: 'b16-big', name: 'Big Groups', email: 'big@example.test', email_verified: true,
    groups: Array.from({ length: 200 }, (_, i) => crypto.createHash('md5').update(`g${i}`).digest('hex')
      .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')), amr: ['pwd'], acr: 'urn:test:loa:1' },
};
if (opt['dev-interactions']) for (const k of Object.keys(USERS)) USERS[k].sub = k; // those pages make the name typed the sub
const byLogin = (login) => (Object.hasOwn(USERS, login ?? '') ? { login, ...USERS[login] } : undefined);
const bySub = (sub) => byLogin(Object.keys(USERS).find((k) => USERS[k].sub === sub));

// --- state: CA, server certificate, keys -------------------------------------------------
const D = path.resolve(opt.dir);
const at = (f) => path.join(D, f);
fs.mkdirSync(D, { recursive: true, mode: 0o700 });
if (!fs.existsSync(at('server.pem'))) {
  const ssl = (...a) => execFileSync('openssl', a, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  fs.writeFileSync(at('ext'), `subjectAltName=DNS:localhost,DNS:idp.test,IP:127.0.0.1,IP:::1,DNS:${opt.name}\nextendedKeyUsage=serverAuth\n`);
  ssl('req', '-x509', ...ec, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '3650', '-subj', '/CN=test OP CA',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
  ssl('req', ...ec, '-keyout', at('server.key'), '-out', at('server.csr'), '-subj', '/CN=localhost');
  ssl('x509', '-req', '-in', at('server.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial',
    '-days', '825', '-extfile', at('ext'), '-out', at('server.pem'));
}
let gen = 0;
const newKeys = () => {
  gen = Math.max(gen, ...store.map((s) => s.gen), 0) + 1;
  const k = (type, o, extra) => {
    const jwk = crypto.generateKeyPairSync(type, o).privateKey.export({ format: 'jwk' });
    return { ...jwk, use: 'sig', ...extra, kid: `g${gen}-${(extra.alg ?? jwk.crv ?? jwk.kty).toLowerCase()}` };
  };
  const rsa = { modulusLength: 2048 };
  return { gen, keys: [
    ...(opt['no-alg'] ? [k('rsa', rsa, {})]
      : [k('rsa', rsa, { alg: 'RS256' }), k('rsa', rsa, { alg: 'PS256' }), k('rsa', { modulusLength: 3072 }, { alg: 'RS384' })]),
    k('ec', { namedCurve: 'P-256' }, { alg: 'ES256' }), k('ec', { namedCurve: 'P-384' }, { alg: 'ES384' }),
    k('ed25519', {}, { alg: 'EdDSA' }), k('ed25519', {}, { alg: 'Ed25519' }),
  ] };
};
let store = fs.existsSync(at('keys.json')) ? JSON.parse(fs.readFileSync(at('keys.json'))) : [];
const saveKeys = () => fs.writeFileSync(at('keys.json'), JSON.stringify(store), { mode: 0o600 });
if (!store.length) { store = [newKeys()]; saveKeys(); }

// --- the provider ------------------------------------------------------------------------
const tokens = { ttl: 300, nonce: 'keep' }; // steered by /_test/tokens
class Mem { // survives a key rotation; the built-in one is per process as well but bounded
  static db = new Map();
  constructor(name) { this.n = name; }
  k(id) { return `${this.n}:${id}`; }
  async upsert(id, p) {
    if (this.n === 'RefreshToken' && tokens.nonce === 'drop') delete p.nonce;
    Mem.db.set(this.k(id), p);
  }
  async find(id) { return structuredClone(Mem.db.get(this.k(id))); }
  async by(f, v) { for (const [k, p] of Mem.db) if (k.startsWith(`${this.n}:`) && p[f] === v) return structuredClone(p); }
  async findByUid(v) { return this.by('uid', v); }
  async findByUserCode(v) { return this.by('userCode', v); }
  async consume(id) { Mem.db.get(this.k(id)).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { Mem.db.delete(this.k(id)); }
  async revokeByGrantId(g) { for (const [k, p] of Mem.db) if (p.grantId === g) Mem.db.delete(k); }
}
const CIBA = 'urn:openid:params:grant-type:ciba', DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const cookies = [crypto.randomBytes(16).toString('hex')];
const CALLBACKS = ['http://127.0.0.1/callback', 'http://localhost/callback']; // of jwks-login, on any port
const SECRET = 'desktop secret: 100 % + desktop secret'; // it needs escaping in both methods
const clients = ALGS.flatMap((alg) => [
  ...['ssh', 'web'].map((application) => ({ // web: another application of the same people, so another audience
    client_id: `${application}-${alg}`, token_endpoint_auth_method: 'none', application_type: 'native',
    redirect_uris: ['http://127.0.0.1/cb', ...CALLBACKS], response_types: ['code'], require_auth_time: true,
    grant_types: ['authorization_code', 'refresh_token', DEVICE, CIBA],
    backchannel_token_delivery_mode: 'poll', id_token_signed_response_alg: alg })),
  { client_id: `svc-${alg}`, client_secret: 'svc-secret-svc-secret-svc-secret', redirect_uris: [], response_types: [],
    grant_types: ['client_credentials'], id_token_signed_response_alg: alg },
]).concat(['basic', 'post'].map((method) => ({ // installed on everybody's machine, and yet with a secret
  client_id: `desktop-${method}`, client_secret: SECRET, token_endpoint_auth_method: `client_secret_${method}`,
  application_type: 'native', redirect_uris: CALLBACKS, response_types: ['code'], grant_types: ['authorization_code'],
}))).filter((c) => !(opt['no-alg'] && c.id_token_signed_response_alg === 'RS384'));
const grantAll = async (p, accountId, clientId, { scopes, claims, resources = {} }, id) => {
  const g = id ? await p.Grant.find(id) : new p.Grant({ accountId, clientId });
  if (scopes) g.addOIDCScope(scopes);
  if (claims) g.addOIDCClaims(claims);
  for (const [r, s] of Object.entries(resources)) g.addResourceScope(r, s);
  return g.save();
};
const build = () => {
  const p = new Provider(issuer, {
    adapter: Mem, clients, cookies: { keys: cookies },
    jwks: { keys: store.flatMap((s) => s.keys) },
    acrValues: ['urn:test:loa:1', 'urn:test:loa:2'],
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub', 'acr', 'amr'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'], groups: ['groups'] },
    conformIdTokenClaims: opt.conform,
    extraParams: ['test_amr'],
    enabledJWA: { idTokenSigningAlgValues: ALGS, userinfoSigningAlgValues: ALGS, dPoPSigningAlgValues: ['ES256', 'Ed25519', 'EdDSA', 'PS256'] },
    features: {
      devInteractions: { enabled: opt['dev-interactions'] },
      clientCredentials: { enabled: true }, deviceFlow: { enabled: true }, introspection: { enabled: true },
      revocation: { enabled: true }, claimsParameter: { enabled: true }, dPoP: { enabled: true },
      ciba: { enabled: true, deliveryModes: ['poll'],
        processLoginHint: (ctx, hint) => byLogin(hint)?.sub,
        verifyUserCode() {}, validateBindingMessage() {}, validateRequestContext() {},
        async triggerAuthenticationDevice(ctx, request, acc, client) { // the "phone" says yes at once
          const u = bySub(acc.accountId);
          const g = await grantAll(p, acc.accountId, client.clientId, { scopes: [...ctx.oidc.requestParamOIDCScopes].join(' '),
            resources: Object.fromEntries(Object.keys(ctx.oidc.resourceServers).map((r) => [r, request.scope])) });
          await p.backchannelResult(request, g, { acr: u.acr, amr: u.amr, authTime: Math.floor(Date.now() / 1000) });
        } },
      resourceIndicators: { enabled: true, useGrantedResource: () => true,
        getResourceServerInfo: (ctx, audience, client) => ({ audience, scope: 'openid profile email groups ssh', accessTokenFormat: 'jwt',
          jwt: { sign: { alg: client.idTokenSignedResponseAlg } } }) },
    },
    ttl: { // a token request may ask for test_ttl=SECONDS
      ...Object.fromEntries(['AccessToken', 'ClientCredentials', 'IdToken'].map((t) =>
        [t, (ctx) => Number(ctx?.oidc?.body?.test_ttl ?? tokens.ttl)])),
      AuthorizationCode: 60, DeviceCode: 600, BackchannelAuthenticationRequest: 600, Interaction: 600, Session: 3600, Grant: 3600, RefreshToken: 3600 },
    findAccount(ctx, id) {
      const u = bySub(id);
      return u && { accountId: u.sub, claims: () => ({ sub: u.sub, name: u.name, preferred_username: u.preferred_username ?? u.login,
        email: u.email, email_verified: u.email_verified, groups: u.groups }) };
    },
    async extraTokenClaims(ctx, token) { // into JWT access tokens (RFC 9068 section 2.2)
      const u = token.accountId && bySub(token.accountId);
      if (!u) return undefined;
      const src = ctx.oidc.entities.AuthorizationCode ?? ctx.oidc.entities.DeviceCode
        ?? ctx.oidc.entities.BackchannelAuthenticationRequest ?? ctx.oidc.entities.RefreshToken ?? {};
      return { preferred_username: u.preferred_username ?? u.login, email: u.email, groups: u.groups, acr: src.acr, amr: src.amr, auth_time: src.authTime };
    },
    interactions: opt['dev-interactions'] ? undefined : { url: (ctx, i) => `${opt.path}/interaction/${i.uid}` },
    pkce: { required: () => false },
  });
  if (opt.record) p.on('grant.success', (ctx) => fs.appendFileSync(at('grants'), `${JSON.stringify([ctx.oidc.params, ctx.body])}\n`));
  p.on('server_error', (ctx, e) => console.error('server_error', e));
  return p;
};
async function autoInteraction(req, res) { // stands for the login page: login_hint says who
  const d = await provider.interactionDetails(req, res);
  const u = byLogin(d.params.login_hint);
  if (!u) return provider.interactionFinished(req, res, { error: 'access_denied', error_description: 'unknown login_hint' });
  if (d.prompt.name === 'login') {
    return provider.interactionFinished(req, res, { login: { accountId: u.sub, acr: d.params.acr_values?.split(' ')[0] ?? u.acr,
      amr: d.params.test_amr?.split(' ') ?? u.amr } });
  }
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes = {} } = d.prompt.details;
  const grantId = await grantAll(provider, d.session.accountId, d.params.client_id, { scopes: missingOIDCScope?.join(' '),
    claims: missingOIDCClaims, resources: Object.fromEntries(Object.entries(missingResourceScopes).map(([r, s]) => [r, s.join(' ')])) }, d.grantId);
  return provider.interactionFinished(req, res, { consent: { grantId } }, { mergeWithLastSubmission: true });
}

// --- test controls: /_test/... -----------------------------------------------------------
const jwksFault = { cache: undefined, mode: 'ok', delay: 0, hits: 0 };
async function control(req, res, u) {
  const q = Object.fromEntries(u.searchParams);
  switch (u.pathname) {
    case '/_test/health': break;
    case '/_test/rotate': // publish: new keys last | overlap: new first, old kept | retire: only the newest | replace: all new
      if (q.mode === 'publish') store.push(newKeys());
      else if (q.mode === 'retire') store = [store.reduce((a, b) => (a.gen > b.gen ? a : b))];
      else if (q.mode === 'replace') store = [newKeys()];
      else if (q.mode === 'promote') store.sort((a, b) => b.gen - a.gen);
      else store.unshift(newKeys());
      saveKeys(); provider = build(); break;
    case '/_test/jwks': // cache=max-age=60 ; delay=1500 ; mode=ok|404|500|html|truncated|slow|close|empty|huge|redirect
      Object.assign(jwksFault, q); break;
    case '/_test/tokens': // ttl=5 ; nonce=keep|drop (in what refresh tokens give)
      Object.assign(tokens, q); break;
    case '/_test/jwks-hits': break;
    default: res.writeHead(404).end(); return;
  }
  res.writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ gens: store.map((s) => s.gen), kids: store.flatMap((s) => s.keys.map((k) => k.kid)), jwks: jwksFault }));
}
async function jwksFaulty(res) { // true: answered here
  jwksFault.hits += 1;
  await new Promise((go) => { setTimeout(go, Number(jwksFault.delay)); });
  if (jwksFault.cache) res.setHeader('cache-control', jwksFault.cache);
  const send = (code, type, body, h = {}) => { res.writeHead(code, { 'content-type': type, ...h }).end(body); return true; };
  const pub = () => JSON.stringify({ keys: store.flatMap((s) => s.keys).map(({ d, p, q, dp, dq, qi, ...k }) => k) });
  switch (jwksFault.mode) {
    case '404': return send(404, 'text/plain', 'not found');
    case '500': return send(500, 'application/json', '{"error":"server_error"}');
    case 'html': return send(200, 'text/html', '<!doctype html><title>Sign in to the network</title>');
    case 'truncated': return send(200, 'application/json', pub().slice(0, 400));
    case 'empty': return send(200, 'application/json', '{"keys":[]}');
    case 'huge': return send(200, 'application/json', `{"keys":[${Array(20000).fill('{"kty":"RSA","kid":"x","n":"AQAB","e":"AQAB","use":"sig"}').join()}]}`);
    case 'redirect': return send(302, 'text/plain', '', { location: 'http://127.0.0.1:1/jwks' });
    case 'slow': setTimeout(() => send(200, 'application/json', pub()), 15000); return true;
    case 'close': res.socket.destroy(); return true;
    default: return false;
  }
}

let provider, issuer;
const server = https.createServer({ key: fs.readFileSync(at('server.key')), cert: fs.readFileSync(at('server.pem')) }, async (req, res) => {
  try {
    const u = new URL(req.url, issuer);
    if (u.pathname.startsWith('/_test/')) return void await control(req, res, u);
    if (!u.pathname.startsWith(`${opt.path}/`)) return void res.writeHead(404).end();
    req.originalUrl = req.url;
    req.url = req.url.slice(opt.path.length);
    if (req.url === '/jwks' && await jwksFaulty(res)) return;
    if (!opt['dev-interactions'] && req.url.startsWith('/interaction/')) return void await autoInteraction(req, res);
    provider.callback()(req, res);
  } catch (e) {
    console.error(e);
    if (!res.headersSent) res.writeHead(500);
    res.end(String(e.message ?? e));
  }
});
server.listen(Number(opt.port), opt.host, () => {
  const { port } = server.address();
  issuer = `https://${opt.name}:${port}${opt.path}`;
  provider = build();
  fs.writeFileSync(at('env'), `OP_PID=${process.pid}\nOP_PORT=${port}\nOP_ISSUER=${issuer}\nOP_CA=${at('ca.pem')}\n`);
  console.log(`ready ${issuer}`);
});
for (const s of ['SIGTERM', 'SIGINT']) process.on(s, () => process.exit(0));
