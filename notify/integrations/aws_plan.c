// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/aws_plan.h"

#include "base/text/url.h"
#include "notify/integrations/aws_profile.h"

#define ROLE_SECONDS 900 // AWS' minimum

#define CONTAINER_HOST "http://169.254.170.2"
#define EC2_HOST       S("http://169.254.169.254")
#define EC2_HOST_V6    S("http://[fd00:ec2::254]")

struct planning {
    struct env *env;
    const struct aws_environment *vars;
    struct arena *mem;
    str config, credentials; // the shared files
    struct aws_plan *plan;
    struct err *err;
};

static bool is_on(const struct aws_environment *vars, enum aws_variable v)
{
    return str_eq_nocase(aws_variable(vars, v), S("true"));
}

// ---- the shared files --------------------------------------------------------------------------

// One that cannot be read counts as empty, as the SDKs have it.
static str read_shared(struct planning *p, enum aws_variable where, const char *name)
{
    struct buf text = {.mem = p->mem};
    str path = aws_variable(p->vars, where), home = aws_variable(p->vars, AWS_VAR_HOME);
    if (path.n == 0 && home.n == 0)
        return S("");
    if (path.n == 0)
        path = arena_printf(p->mem, "%.*s/.aws/%s", STR(home), name);
    return env_file_read(p->env, path, AWS_FILE_BYTES_MAX, &text, NULL) ? buf_str(&text) : S("");
}

static struct aws_profile profile_of(const struct planning *p, str name)
{
    struct aws_profile profile;
    aws_profile_read(p->config, p->credentials, name, &profile);
    return profile;
}

// ---- sources -----------------------------------------------------------------------------------

static bool use_keys(struct planning *p, str access_key, str secret_key, str session_token)
{
    p->plan->source = AWS_SOURCE_KEYS;
    p->plan->keys = (struct sigv4_credentials){access_key, secret_key, session_token};
    return true;
}

static bool use_environment(struct planning *p)
{
    return use_keys(p, aws_variable_either(p->vars, AWS_VAR_ACCESS_KEY_ID, AWS_VAR_ACCESS_KEY),
                    aws_variable_either(p->vars, AWS_VAR_SECRET_ACCESS_KEY, AWS_VAR_SECRET_KEY),
                    aws_variable(p->vars, AWS_VAR_SESSION_TOKEN));
}

static bool use_web_identity(struct planning *p, str file, str role_arn, str session_name)
{
    if (role_arn.n == 0)
        return err_set(p->err, ERR_INVALID, "role ARN is not set");
    p->plan->source = AWS_SOURCE_WEB_IDENTITY;
    p->plan->identity_file = file;
    p->plan->identity_role = (struct aws_role){.arn = role_arn, .session_name = session_name};
    return true;
}

static void use_container_token(struct planning *p)
{
    p->plan->source = AWS_SOURCE_CONTAINER;
    p->plan->authorization = aws_variable(p->vars, AWS_VAR_CONTAINER_TOKEN);
    p->plan->authorization_file = aws_variable(p->vars, AWS_VAR_CONTAINER_TOKEN_FILE);
}

static bool use_container(struct planning *p)
{
    str path = aws_variable(p->vars, AWS_VAR_CONTAINER_RELATIVE_URI);
    use_container_token(p);
    p->plan->url = arena_printf(p->mem, CONTAINER_HOST "%.*s", STR(path));
    return true;
}

// Without TLS a token would be handed to whoever listens: only the machine itself and the addresses
// of ECS and EKS are asked.
static bool is_near(const struct url *u)
{
    static const char *const ADDRESSES[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
    str host = url_hostname(u);
    struct addr addr, allowed;
    if (!addr_parse_ip(host, &addr))
        return str_eq_nocase(host, S("localhost"));
    for (size_t i = 0; i < ARRAY_LEN(ADDRESSES); i++) {
        if (addr_parse_ip(str_c(ADDRESSES[i]), &allowed) && addr_eq(&addr, &allowed))
            return true;
    }
    return addr_is_loopback(&addr);
}

static bool use_container_url(struct planning *p, str text)
{
    struct url u;
    if (!url_parse(text, p->mem, &u, p->err))
        return err_wrap(p->err, "invalid URL");
    if (u.host.n == 0)
        return err_set(p->err, ERR_INVALID,
                       "unable to parse host from local HTTP cred provider URL");
    if (!str_eq(u.scheme, S("https")) && !is_near(&u))
        return err_set(p->err, ERR_INVALID,
                       "invalid endpoint host, \"%.*s\", only loopback/ecs/eks hosts are allowed",
                       STR(u.host));
    use_container_token(p);
    p->plan->url = text;
    return true;
}

static bool use_ec2(struct planning *p)
{
    str endpoint = aws_variable(p->vars, AWS_VAR_EC2_ENDPOINT);
    bool is_v6 = str_eq_nocase(aws_variable(p->vars, AWS_VAR_EC2_ENDPOINT_MODE), S("IPv6"));
    if (is_on(p->vars, AWS_VAR_EC2_DISABLED))
        return err_set(p->err, ERR_INVALID,
                       "no EC2 IMDS role found, access disabled to EC2 IMDS via "
                       "\"AWS_EC2_METADATA_DISABLED\" environment variable");
    if (endpoint.n == 0)
        endpoint = is_v6 ? EC2_HOST_V6 : EC2_HOST;
    p->plan->source = AWS_SOURCE_EC2;
    p->plan->url = str_trim_right(endpoint, '/');
    return true;
}

static bool use_credential_source(struct planning *p, str name)
{
    if (str_eq(name, S("Ec2InstanceMetadata")))
        return use_ec2(p);
    if (str_eq(name, S("Environment")))
        return use_environment(p);
    if (!str_eq(name, S("EcsContainer")))
        return err_set(
            p->err, ERR_INVALID,
            "credential_source values must be EcsContainer, Ec2InstanceMetadata, or Environment");
    return aws_variable(p->vars, AWS_VAR_CONTAINER_RELATIVE_URI).n
               ? use_container(p)
               : err_set(p->err, ERR_INVALID,
                         "EcsContainer was specified as the credential_source, but "
                         "'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI' was not set");
}

static bool refuse(struct planning *p, str profile, const char *what)
{
    return err_set(p->err, ERR_UNSUPPORTED, "profile %.*s: %s is not supported", STR(profile),
                   what);
}

static bool use_profile(struct planning *p, str name, const struct aws_profile *profile)
{
    str url = aws_variable(p->vars, AWS_VAR_CONTAINER_FULL_URI);
    if (profile->access_key.n)
        return use_keys(p, profile->access_key, profile->secret_key, profile->session_token);
    if (profile->credential_source.n)
        return use_credential_source(p, profile->credential_source);
    if (profile->web_identity_token_file.n)
        return use_web_identity(p, profile->web_identity_token_file, profile->role_arn,
                                profile->role_session_name);
    if (profile->sso_session.n || profile->sso_start_url.n)
        return refuse(p, name, "single sign-on");
    if (profile->credential_process.n)
        return refuse(p, name, "credential_process");
    if (aws_variable(p->vars, AWS_VAR_CONTAINER_RELATIVE_URI).n)
        return use_container(p);
    return url.n ? use_container_url(p, url) : use_ec2(p);
}

// ---- profiles and roles ------------------------------------------------------------------------

static bool add_role(struct planning *p, const struct aws_profile *profile)
{
    uint64_t seconds;
    if (profile->mfa_serial.n)
        return err_set(p->err, ERR_UNSUPPORTED,
                       "assume role with MFA enabled, but nobody is here to be asked for a token");
    if (!str_to_u64(profile->duration_seconds, &seconds) || seconds < ROLE_SECONDS)
        seconds = ROLE_SECONDS;
    if (p->plan->role_count == AWS_ROLES_MAX - 1) // one is the configuration's
        return err_set(p->err, ERR_LIMIT, "more than %d roles to assume", AWS_ROLES_MAX - 1);
    p->plan->roles[p->plan->role_count++] =
        (struct aws_role){.arn = profile->role_arn,
                          .external_id = profile->external_id,
                          .session_name = profile->role_session_name,
                          .seconds = seconds};
    return true;
}

static void reverse_roles(struct aws_plan *plan)
{
    for (size_t i = 0; i < plan->role_count / 2; i++) {
        struct aws_role *one = &plan->roles[i], *other = &plan->roles[plan->role_count - 1 - i];
        struct aws_role kept = *one;
        *one = *other;
        *other = kept;
    }
}

// From profile to profile; one that is named again lends its keys alone. Outermost roles come
// first.
static bool follow_profiles(struct planning *p, str name)
{
    str names[AWS_ROLES_MAX];
    for (size_t count = 0;; count++) {
        struct aws_profile profile = profile_of(p, name);
        for (size_t i = 0; i < count; i++) {
            if (str_eq(names[i], name))
                profile.role_arn = profile.source_profile = S("");
        }
        bool needs_role = profile.source_profile.n || profile.credential_source.n;
        if (needs_role && profile.role_arn.n == 0)
            return err_set(
                p->err, ERR_INVALID, "credential type %s requires role_arn, profile %.*s",
                profile.source_profile.n ? "source_profile" : "credential_source", STR(name));
        bool is_identity =
            !needs_role && !profile.access_key.n && profile.web_identity_token_file.n;
        if (profile.role_arn.n && !is_identity && !add_role(p, &profile))
            return false;
        if (profile.source_profile.n == 0)
            return use_profile(p, name, &profile);
        if (!profile_of(p, profile.source_profile).is_known)
            return err_set(p->err, ERR_NOT_FOUND,
                           "failed to load assume role %.*s, of profile %.*s, failed to get shared "
                           "config profile, %.*s",
                           STR(profile.role_arn), STR(name), STR(profile.source_profile));
        names[count] = name;
        name = profile.source_profile;
    }
}

static bool choose_source(struct planning *p, const struct aws_wish *wish, str profile)
{
    if (wish->access_key.n)
        return use_keys(p, wish->access_key, wish->secret_key, S(""));
    use_environment(p);
    bool has_keys = p->plan->keys.access_key.n && p->plan->keys.secret_key.n;
    str identity = aws_variable(p->vars, AWS_VAR_WEB_IDENTITY_TOKEN_FILE);
    if (wish->profile.n == 0 && has_keys)
        return true;
    if (wish->profile.n == 0 && identity.n)
        return use_web_identity(p, identity, aws_variable(p->vars, AWS_VAR_ROLE_ARN),
                                aws_variable(p->vars, AWS_VAR_ROLE_SESSION_NAME));
    if (!follow_profiles(p, profile))
        return false;
    reverse_roles(p->plan);
    return true;
}

bool aws_plan_make(struct env *env, const struct aws_environment *vars, const struct aws_wish *wish,
                   struct arena *mem, struct aws_plan *ret, struct err *err)
{
    struct planning p = {.env = env, .vars = vars, .mem = mem, .plan = ret, .err = err};
    *ret = (struct aws_plan){0};
    p.config = read_shared(&p, AWS_VAR_CONFIG_FILE, "config");
    p.credentials = read_shared(&p, AWS_VAR_CREDENTIALS_FILE, "credentials");
    str asked_for = wish->profile.n
                        ? wish->profile
                        : aws_variable_either(vars, AWS_VAR_PROFILE, AWS_VAR_DEFAULT_PROFILE);
    str name = asked_for.n ? asked_for : S("default");
    struct aws_profile profile = profile_of(&p, name);
    bool is_demanded = wish->profile.n || aws_variable(vars, AWS_VAR_PROFILE).n;
    if (is_demanded && !profile.is_known)
        return err_set(err, ERR_NOT_FOUND, "failed to get shared config profile, %.*s",
                       STR(asked_for));
    if (!choose_source(&p, wish, name))
        return false;
    if (wish->role_arn.n)
        ret->roles[ret->role_count++] = (struct aws_role){
            .arn = wish->role_arn, .external_id = wish->external_id, .seconds = ROLE_SECONDS};
    str region = aws_variable_either(vars, AWS_VAR_REGION, AWS_VAR_DEFAULT_REGION);
    ret->region = wish->region.n ? wish->region : region.n ? region : profile.region;
    return true;
}

// ---- endpoints ---------------------------------------------------------------------------------

static bool is_region(str name) // it becomes a part of a host name
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_alnum && c != '-')
            return false;
    }
    return name.n > 0 && name.n <= 63 && name.p[0] != '-' && name.p[name.n - 1] != '-';
}

struct partition { // a separate world of AWS, by how its regions begin
    const char *prefix, *domain;
    const char *dual_stack; // where IPv6 is spoken, too; NULL: nowhere else
};

static struct partition partition_of(str region)
{
    static const struct partition PARTITIONS[] = {
        {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
        {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
        {"us-iso-", "c2s.ic.gov", NULL},
        {"us-isob-", "sc2s.sgov.gov", NULL},
        {"us-isof-", "csp.hci.ic.gov", NULL},
        {"eu-isoe-", "cloud.adc-e.uk", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(PARTITIONS); i++) {
        if (str_starts(region, str_c(PARTITIONS[i].prefix)))
            return PARTITIONS[i];
    }
    return (struct partition){"", "amazonaws.com", "api.aws"};
}

bool aws_service_url(const struct aws_environment *vars, const char *service, enum aws_variable own,
                     str region, struct arena *mem, str *ret, struct err *err)
{
    str given = aws_variable_either(vars, own, AWS_VAR_ENDPOINT_URL);
    if (given.n && !is_on(vars, AWS_VAR_IGNORE_ENDPOINT_URLS)) {
        *ret = given;
        return true;
    }
    if (!is_region(region))
        return err_set(err, ERR_INVALID, "invalid region \"%.*s\"", STR(region));
    struct partition partition = partition_of(region);
    bool is_dual = is_on(vars, AWS_VAR_USE_DUALSTACK) && partition.dual_stack;
    // In the regions of the government the usual endpoints are those that FIPS 140 asks for.
    bool is_fips = is_on(vars, AWS_VAR_USE_FIPS) && (is_dual || !str_starts(region, S("us-gov-")));
    *ret = arena_printf(mem, "https://%s%s.%.*s.%s/", service, is_fips ? "-fips" : "", STR(region),
                        is_dual ? partition.dual_stack : partition.domain);
    return true;
}
