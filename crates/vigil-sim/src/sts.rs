//! The two calls of AWS STS that come before any call to ECR: GetCallerIdentity and AssumeRole.
//!
//! Speaks the AWS Query protocol: a form in, XML out. Any role of any account can be assumed; roles of accounts with an
//! external id ask for it. The key id of temporary credentials ends in the account, so that later calls land there.

use jiff::{SignedDuration, Timestamp};

use crate::clock;
use crate::config::SimConfig;
use crate::form::Form;
use crate::wire::{ApiError, Caller, credentials_for};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const SESSION_TOKEN_PREFIX: &str = "SIMSESSION";

/// The actions that the simulator answers.
pub(crate) const ACTIONS: [&str; 2] = ["AssumeRole", "GetCallerIdentity"];

/// Answers an action; `now` is the simulated time.
pub(crate) fn answer(
    action: &str,
    form: &Form,
    caller: &Caller,
    session_token: Option<&str>,
    config: &SimConfig,
    now: Timestamp,
) -> Result<Vec<u8>, ApiError> {
    match action {
        "GetCallerIdentity" => Ok(identity(caller, session_token)),
        "AssumeRole" => assume_role(form, caller, session_token, config, now),
        _ => {
            let message = format!("Could not find operation {action} for version 2011-06-15");
            Err(ApiError::new("InvalidAction", message))
        }
    }
}

/// An error in the shape of the protocol.
pub(crate) fn error_xml(error: &ApiError, request_id: &str) -> Vec<u8> {
    let fault = if error.status < 500 { "Sender" } else { "Receiver" };
    let (code, message) = (escape(&error.code), escape(&error.message));
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{fault}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    .into_bytes()
}

fn identity(caller: &Caller, session_token: Option<&str>) -> Vec<u8> {
    let account = &caller.registry.account;
    let key = escape(&caller.access_key);
    xml(
        "GetCallerIdentity",
        &format!(
            "<Arn>{}</Arn><UserId>{key}</UserId><Account>{account}</Account>",
            arn(caller, session_token)
        ),
    )
}

fn assume_role(
    form: &Form,
    caller: &Caller,
    session_token: Option<&str>,
    config: &SimConfig,
    now: Timestamp,
) -> Result<Vec<u8>, ApiError> {
    let role_arn = form.get("RoleArn").unwrap_or_default();
    let session = form.get("RoleSessionName").unwrap_or_default();
    let (account, role) = role_of(role_arn)
        .ok_or_else(|| ApiError::new("ValidationError", format!("{} is invalid", escape(role_arn))))?;
    if session.is_empty() {
        return Err(ApiError::new("ValidationError", "The value of roleSessionName must not be empty"));
    }
    if config.external_ids.get(account).is_some_and(|wanted| form.get("ExternalId") != Some(wanted)) {
        let caller = arn(caller, session_token);
        let message =
            format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role_arn}");
        return Err(ApiError::new("AccessDenied", message).with_status(403));
    }
    let seconds = form.get("DurationSeconds").and_then(|text| text.parse().ok()).unwrap_or(3600);
    // Clients check the expiration against their own clock, so that a simulated past must not expire it.
    let issued = now.max(clock::real_time());
    let expiration = issued.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(issued);
    let assumed = format!("{}/{}", role.rsplit('/').next().unwrap_or(role), session);
    let key = credentials_for(account);
    let (partition, assumed_xml) = (partition(caller), escape(&assumed));
    let token = format!("{SESSION_TOKEN_PREFIX}{}", hex(&assumed));
    Ok(xml(
        "AssumeRole",
        &format!(
            "<AssumedRoleUser><AssumedRoleId>AROASIMX{account}:{}</AssumedRoleId>\
             <Arn>arn:{partition}:sts::{account}:assumed-role/{assumed_xml}</Arn></AssumedRoleUser>\
             <Credentials><AccessKeyId>{key}</AccessKeyId>\
             <SecretAccessKey>the-simulator-verifies-no-signatures</SecretAccessKey>\
             <SessionToken>{token}</SessionToken>\
             <Expiration>{expiration:.0}</Expiration></Credentials>",
            escape(session),
        ),
    ))
}

/// Account and name of `arn:…:iam::ACCOUNT:role/NAME`.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (Some("arn"), Some(_), Some("iam"), Some(""), Some(account)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let role = parts.next()?.strip_prefix("role/").filter(|role| !role.is_empty())?;
    is_account.then_some((account, role))
}

fn arn(caller: &Caller, session_token: Option<&str>) -> String {
    let (partition, account) = (partition(caller), &caller.registry.account);
    match session_token.and_then(|token| token.strip_prefix(SESSION_TOKEN_PREFIX)).and_then(unhex) {
        Some(assumed) => format!("arn:{partition}:sts::{account}:assumed-role/{}", escape(&assumed)),
        None => format!("arn:{partition}:iam::{account}:user/sim"),
    }
}

fn partition(caller: &Caller) -> &'static str {
    caller.registry.partition().0
}

fn xml(action: &str, result: &str) -> Vec<u8> {
    format!(
        "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{result}</{action}Result><ResponseMetadata>\
         <RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata></{action}Response>"
    )
    .into_bytes()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<String> {
    let digits: Vec<char> = text.chars().collect();
    let bytes = digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok());
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_from_their_arns() {
        assert_eq!(
            role_of("arn:aws:iam::111122223333:role/team/vigil"),
            Some(("111122223333", "team/vigil"))
        );
        for arn in ["", "vigil", "arn:aws:iam::1:role/x", "arn:aws:iam::111122223333:user/x"] {
            assert_eq!(role_of(arn), None, "{arn}");
        }
    }

    #[test]
    fn session_tokens_carry_the_session() {
        assert_eq!(unhex(&hex("vigil/session-1")).as_deref(), Some("vigil/session-1"));
        assert_eq!(unhex("zz"), None);
    }
}
