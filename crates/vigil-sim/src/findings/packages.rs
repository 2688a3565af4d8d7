//! In which package a vulnerability is found: plausible names and versions, made up.

use std::fmt::Write;

use crate::noise::Noise;

/// A package as a distribution or a language calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: &'static str,
    /// Major and minor version; the rest differs from repository to repository.
    pub(super) series: &'static str,
    /// As Inspector names package managers.
    pub(super) manager: &'static str,
}

const fn os(name: &'static str, series: &'static str) -> Package {
    Package { name, series, manager: "OS" }
}

const fn language(name: &'static str, series: &'static str, manager: &'static str) -> Package {
    Package { name, series, manager }
}

/// The first line whose word is in `vendor product` wins.
const PACKAGES: [(&str, Package); 58] = [
    ("Linux Kernel", os("linux", "6.1")),
    ("Chromium WebP", os("libwebp7", "1.2")),
    ("Chromium libvpx", os("libvpx7", "1.12")),
    ("Google Chrom", os("chromium", "116.0")),
    ("Mozilla", os("firefox-esr", "115.2")),
    ("WebKitGTK", os("libwebkit2gtk-4.0-37", "2.40")),
    ("HTTP Server", os("apache2", "2.4")),
    ("Apache Apache", os("apache2", "2.4")),
    ("Tomcat", language("org.apache.tomcat.embed:tomcat-embed-core", "9.0", "JAR")),
    ("Log4j", language("org.apache.logging.log4j:log4j-core", "2.14", "JAR")),
    ("Struts", language("org.apache.struts:struts2-core", "2.5", "JAR")),
    ("ActiveMQ", language("org.apache.activemq:activemq-broker", "5.17", "JAR")),
    ("Solr", language("org.apache.solr:solr-core", "8.11", "JAR")),
    ("OFBiz", language("org.apache.ofbiz:ofbiz", "18.12", "JAR")),
    ("Spark", language("org.apache.spark:spark-core_2.12", "3.2", "JAR")),
    ("Shiro", language("org.apache.shiro:shiro-core", "1.9", "JAR")),
    ("RocketMQ", language("org.apache.rocketmq:rocketmq-broker", "5.1", "JAR")),
    ("Kylin", language("org.apache.kylin:kylin-core-common", "3.1", "JAR")),
    ("HugeGraph", language("org.apache.hugegraph:hugegraph-core", "1.2", "JAR")),
    ("Flink", language("org.apache.flink:flink-runtime", "1.11", "JAR")),
    ("CouchDB", os("couchdb", "3.2")),
    ("Airflow", language("apache-airflow", "2.3", "PYTHONPKG")),
    ("Superset", language("apache-superset", "2.0", "PYTHONPKG")),
    ("APISIX", os("apisix", "2.12")),
    ("Spring Framework", language("org.springframework:spring-beans", "5.3", "JAR")),
    ("Spring Cloud Gateway", language("org.springframework.cloud:spring-cloud-gateway-server", "3.1", "JAR")),
    ("Spring Data", language("org.springframework.data:spring-data-commons", "2.6", "JAR")),
    ("Spring Cloud", language("org.springframework.cloud:spring-cloud-config-server", "3.1", "JAR")),
    ("Jenkins Script", language("org.jenkins-ci.plugins:script-security", "1.49", "JAR")),
    ("Jenkins Matrix", language("org.jenkins-ci.plugins:matrix-project", "1.13", "JAR")),
    ("Jenkins", language("org.jenkins-ci.main:jenkins-core", "2.426", "JAR")),
    ("Elasticsearch", language("org.elasticsearch:elasticsearch", "7.17", "JAR")),
    ("Kibana", language("kibana", "7.17", "NODEPKG")),
    ("mongo-express", language("mongo-express", "0.54", "NODEPKG")),
    ("Node.JS", language("systeminformation", "5.3", "NODEPKG")),
    ("Rails", language("actionpack", "5.2", "GEMSPEC")),
    ("Grafana", language("github.com/grafana/grafana", "8.3", "GOBINARY")),
    ("MinIO", language("github.com/minio/minio", "0.20230", "GOBINARY")),
    ("Laravel", language("laravel/framework", "5.6", "COMPOSER")),
    ("Drupal", language("drupal/core", "8.5", "COMPOSER")),
    ("Craft CMS", language("craftcms/cms", "4.4", "COMPOSER")),
    ("PHPMailer", language("phpmailer/phpmailer", "5.2", "COMPOSER")),
    ("PHPUnit", language("phpunit/phpunit", "4.8", "COMPOSER")),
    ("phpMyAdmin", os("phpmyadmin", "5.0")),
    ("PEAR", os("php-pear", "1.10")),
    ("PHP", os("php8.2", "8.2")),
    ("GitLab", os("gitlab-ce", "16.1")),
    ("Git", os("git", "2.39")),
    ("OpenSSL", os("libssl3", "3.0")),
    ("Bourne-Again", os("bash", "5.2")),
    ("GNU C", os("libc6", "2.36")),
    ("Sudo", os("sudo", "1.9")),
    ("Polkit", os("policykit-1", "0.105")),
    ("Samba", os("samba-libs", "4.17")),
    ("Exim", os("exim4-base", "4.96")),
    ("Redis", os("redis-server", "7.0")),
    ("ImageMagick", os("libmagickcore-6.q16-6", "6.9")),
    ("Ghostscript", os("libgs10", "10.0")),
];

const REST: [(&str, Package); 5] = [
    ("Roundcube", os("roundcube-core", "1.6")),
    ("Exiftool", os("libimage-exiftool-perl", "12.16")),
    ("UnRAR", os("unrar", "6.1")),
    ("Zabbix", os("zabbix-frontend-php", "6.0")),
    ("Cacti", os("cacti", "1.2")),
];

/// The package that a product of this vendor comes in.
pub(super) fn package(vendor: &str, product: &str) -> Package {
    let subject = format!("{vendor} {product}");
    PACKAGES
        .iter()
        .chain(&REST)
        .find(|(word, _)| subject.contains(word))
        .map_or(os("libmisc1", "1.0"), |(_, package)| *package)
}

/// The name of the `variant`-th binary package built from the same source.
pub(super) fn variant_name(package: Package, variant: u32) -> String {
    const SUFFIXES: [&str; 9] =
        ["", "-common", "-dev", "-data", "-utils", "-bin", "-tools", "-libs", "-plugins"];
    let suffix = SUFFIXES.get(variant as usize % SUFFIXES.len()).copied().unwrap_or_default();
    let mut name = format!("{}{suffix}", package.name);
    if variant as usize >= SUFFIXES.len() {
        let _ = write!(name, "-{}", 1 + variant as usize / SUFFIXES.len());
    }
    name
}

/// The version installed; `noise` belongs to the repository and the package.
pub(super) fn version(package: Package, noise: Noise) -> String {
    let patch = noise.with(0).below(40);
    match package.manager {
        "OS" => format!(
            "{}.{patch}-{}+deb12u{}",
            package.series,
            1 + noise.with(1).below(3),
            1 + noise.with(2).below(6)
        ),
        _ => format!("{}.{patch}", package.series),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_find_their_packages() {
        assert_eq!(package("Linux", "Kernel").name, "linux");
        assert_eq!(package("Google", "Chromium V8").name, "chromium");
        assert_eq!(package("GitLab", "GitLab CE/EE").name, "gitlab-ce");
        assert_eq!(package("PHP Group", "PHP").name, "php8.2");
        assert_eq!(package("Nobody", "Knows").name, "libmisc1");
    }
}
