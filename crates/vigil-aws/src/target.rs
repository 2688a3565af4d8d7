//! Which registry, reached how: region, role, endpoint; and the connection that comes of it.
//!
//! Credentials come from where AWS programs look for them (environment, profile, SSO, web identity, container,
//! instance).

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use vigil_core::Secret;
use vigil_core::fault::Fault;
use vigil_core::image::{AccountId, InvalidRegistry, Partition, Region, RegistryId};

use crate::fault::Refusal;
use crate::requests::Requests;
use crate::{AwsRegistry, Operation, RoleArn};

/// A registry, named by how its account and region are found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The region; `None`: the one that the environment or the profile names.
    pub region: Option<Region>,
    /// The role to assume, by its ARN; `None`: the credentials found are used as they are.
    pub role_arn: Option<RoleArn>,
    /// What the role's trust policy asks for besides the caller.
    pub external_id: Option<Secret>,
    /// The account whose registry it is; `None`: that of the credentials. Another account's registry is reached as far as
    /// its repositories' policies let these credentials in.
    pub account: Option<AccountId>,
}

/// How AWS is reached. What is not said here is found the SDK's way, from environment and profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Use endpoints that are validated under FIPS 140.
    pub fips: bool,
    /// Use endpoints that have IPv6 addresses too.
    pub dual_stack: bool,
    /// Where to send all calls instead of AWS's own endpoints.
    pub endpoint_url: Option<String>,
    /// How long one attempt at a call may take.
    pub attempt_timeout: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// Calls per second that an operation never exceeds. Without an entry it is as fast as AWS allows, which it learns.
    pub rates: BTreeMap<Operation, f64>,
    /// A key to use instead of the credentials found, for endpoints that are not AWS. With it nothing else is looked for in
    /// the environment and in profiles either, and no proxy is used: they are meant for AWS.
    pub access_key: Option<AccessKey>,
}

/// An access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
}

/// Why a registry could not be connected to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No region is known.
    #[error("no region is given: name one, set AWS_REGION, or add `region` to the AWS profile")]
    NoRegion,
    /// What the environment or the profile names is no region.
    #[error("the region that the environment or the AWS profile names cannot be used")]
    InvalidRegion(#[source] InvalidRegistry),
    /// FIPS or dual-stack endpoints are AWS's own and cannot be had at a given address.
    #[error("`{0}` endpoints and an endpoint URL exclude each other: remove one of the two")]
    Contradiction(&'static str),
    /// TLS cannot be set up.
    #[error("no TLS: {0}")]
    Tls(String),
    /// AWS did not say who we are.
    #[error("cannot sign in {target}")]
    SignIn {
        /// Where, and as whom.
        target: String,
        /// What happened.
        #[source]
        fault: Fault,
    },
    /// AWS said who we are in a form that we do not know.
    #[error("signed in {target} with an identity that cannot be read: {said}")]
    UnknownIdentity {
        /// Where, and as whom.
        target: String,
        /// The identity's ARN or account.
        said: String,
    },
}

/// CloudTrail shows this name for what we do under an assumed role.
const SESSION_NAME: &str = "ecr-vigil";

/// Connects to a registry: finds the credentials, assumes the role if there is one, and asks AWS who we are.
///
/// # Errors
///
/// If there is no region, if settings contradict each other, or if AWS does not accept the credentials.
pub async fn connect(target: &Target, network: &Network) -> Result<AwsRegistry, ConnectError> {
    let (config, region) = session(target, network).await?;
    let own = sign_in(&config, target, region).await?;
    let foreign = target.account.clone().filter(|account| *account != own.account);
    let id = RegistryId { account: foreign.clone().unwrap_or(own.account), ..own };
    let without_retries = aws_sdk_ecr::config::Builder::from(&config)
        // The SDK takes LimitExceededException, ECR's daily quota, for throttling. We retry, in one place: call.rs.
        .retry_config(RetryConfig::disabled())
        .build();
    let requests = Requests::new(aws_sdk_ecr::Client::from_conf(without_retries), foreign);
    Ok(AwsRegistry::new(id, requests, &network.rates))
}

/// What every service's client is made of: the region, the credentials or the role, and the way there.
pub(crate) async fn session(target: &Target, network: &Network) -> Result<(SdkConfig, Region), ConnectError> {
    let config = match &network.access_key {
        Some(key) => stand_alone(target, network, key),
        None => load(target, network).await,
    };
    let region = config.region().ok_or(ConnectError::NoRegion)?.as_ref().to_owned();
    let region: Region = region.parse().map_err(ConnectError::InvalidRegion)?;
    refuse_contradictions(&config)?;
    Ok((assume_role(config, target).await, region))
}

/// What is given, and nothing that is found: the environment and profiles speak of AWS.
fn stand_alone(target: &Target, network: &Network, AccessKey { id, secret }: &AccessKey) -> SdkConfig {
    let credentials = Credentials::new(id, secret.expose(), None, None, "settings");
    // Unlike the SDK's default, a client that is made like this uses no proxy.
    let tls = tls::Provider::Rustls(CryptoMode::AwsLc);
    let client = aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
    let region = target.region.as_ref().map(|region| aws_config::Region::new(region.as_str().to_owned()));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .timeout_config(timeouts(network))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(client)
        .use_fips(network.fips)
        .use_dual_stack(network.dual_stack)
        .region(region);
    config.set_endpoint_url(network.endpoint_url.clone());
    // The system's clock, without which no role can be assumed.
    config.set_time_source(Some(Default::default()));
    config.build()
}

fn timeouts(network: &Network) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(network.connect_timeout)
        .operation_attempt_timeout(network.attempt_timeout)
        .build()
}

async fn load(target: &Target, network: &Network) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts(network));
    if let Some(region) = &target.region {
        loader = loader.region(aws_config::Region::new(region.as_str().to_owned()));
    }
    if network.fips {
        loader = loader.use_fips(true);
    }
    if network.dual_stack {
        loader = loader.use_dual_stack(true);
    }
    if let Some(url) = &network.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}

/// The SDK would refuse every single call.
fn refuse_contradictions(config: &SdkConfig) -> Result<(), ConnectError> {
    let asked = [("fips", config.use_fips()), ("dual-stack", config.use_dual_stack())];
    let asked = asked.into_iter().find(|(_, asked)| *asked == Some(true));
    match (asked, config.endpoint_url()) {
        (Some((what, _)), Some(_)) => Err(ConnectError::Contradiction(what)),
        _ => Ok(()),
    }
}

async fn assume_role(config: SdkConfig, target: &Target) -> SdkConfig {
    let Some(role) = &target.role_arn else { return config };
    let mut provider =
        AssumeRoleProvider::builder(role.as_str()).session_name(SESSION_NAME).configure(&config);
    if let Some(external_id) = &target.external_id {
        provider = provider.external_id(external_id.expose());
    }
    let provider = SharedCredentialsProvider::new(provider.build().await);
    // A cache of its own: the one at hand holds the credentials that the role is assumed with.
    let cache = IdentityCache::lazy().build();
    config.into_builder().credentials_provider(provider).identity_cache(cache).build()
}

async fn sign_in(config: &SdkConfig, target: &Target, region: Region) -> Result<RegistryId, ConnectError> {
    let named = || target.named(&region);
    let identity = aws_sdk_sts::Client::new(config).get_caller_identity().send().await.map_err(|error| {
        let fault = match Refusal::of_role(&error) {
            Some(refusal) => refusal.fault("AssumeRole"),
            None => Refusal::read(&error).fault("GetCallerIdentity"),
        };
        ConnectError::SignIn { target: named(), fault }
    })?;
    let (arn, account) = (identity.arn().unwrap_or_default(), identity.account().unwrap_or_default());
    let unknown = |said: &str| ConnectError::UnknownIdentity { target: named(), said: format!("`{said}`") };
    // Only the ARN says the partition: a table of regions would have to know every new one.
    let partition: Option<Partition> = arn.split(':').nth(1).and_then(|partition| partition.parse().ok());
    let partition = partition.ok_or_else(|| unknown(arn))?;
    let account: AccountId = account.parse().map_err(|_| unknown(account))?;
    Ok(RegistryId { partition, account, region })
}

impl Target {
    fn named(&self, region: &Region) -> String {
        match &self.role_arn {
            Some(role) => format!("to {region} as {role}"),
            None => format!("to {region}"),
        }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            fips: false,
            dual_stack: false,
            endpoint_url: None,
            // A page of a thousand findings takes seconds at worst; a minute means that no answer will come.
            attempt_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(5),
            rates: BTreeMap::new(),
            access_key: None,
        }
    }
}
