//! Manifests, to the byte: their sha256 is the digest of the image.
//!
//! Config and layers are digests of nothing; nobody can pull them from the simulator.

use std::fmt::Write;

use super::image::{ImageKind, Platform};
use crate::digest::Digest;
use crate::noise::Noise;

/// Everything a manifest is made of.
#[derive(Debug, Clone)]
pub(crate) struct Blueprint {
    pub(crate) kind: ImageKind,
    /// Where the layers come from that images of one repository share.
    pub(crate) base: Noise,
    /// Where everything else comes from.
    pub(crate) own: Noise,
    /// The image that a signature or an attestation is about.
    pub(crate) subject: Option<Digest>,
    /// What an index points at.
    pub(crate) children: Vec<Child>,
}

/// One entry of an index.
#[derive(Debug, Clone)]
pub(crate) struct Child {
    pub(crate) digest: Digest,
    pub(crate) kind: ImageKind,
    pub(crate) platform: Platform,
    pub(crate) manifest_bytes: usize,
    /// The image that this attestation is about.
    pub(crate) attests: Option<Digest>,
}

impl Blueprint {
    pub(crate) fn manifest(&self) -> String {
        let mut text = String::with_capacity(1024);
        // Writing to a String cannot fail.
        let _ = match self.kind {
            ImageKind::OciIndex | ImageKind::DockerManifestList => self.write_index(&mut text),
            _ => self.write_image(&mut text),
        };
        text
    }

    fn write_index(&self, text: &mut String) -> std::fmt::Result {
        let media_type = self.kind.manifest_media_type();
        write!(text, r#"{{"schemaVersion":2,"mediaType":"{media_type}","manifests":["#)?;
        for (number, child) in self.children.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            let (os, architecture) = child.platform.os_and_architecture();
            write!(
                text,
                r#"{comma}{{"mediaType":"{}","digest":"{}","size":{},"platform":{{"architecture":"{architecture}","os":"{os}"}}"#,
                child.kind.manifest_media_type(),
                child.digest,
                child.manifest_bytes,
            )?;
            if let Some(subject) = child.attests {
                write!(
                    text,
                    r#","annotations":{{"vnd.docker.reference.digest":"{subject}","vnd.docker.reference.type":"attestation-manifest"}}"#
                )?;
            }
            text.push('}');
        }
        text.push_str("]}");
        Ok(())
    }

    fn write_image(&self, text: &mut String) -> std::fmt::Result {
        let media_type = self.kind.manifest_media_type();
        let config_type = self.kind.artifact_media_type().unwrap_or_default();
        write!(text, r#"{{"schemaVersion":2,"mediaType":"{media_type}","config":"#)?;
        write_descriptor(text, config_type, self.own.with(0), 1500)?;
        text.push_str(r#","layers":["#);
        let layer = self.layer_media_type();
        if self.kind.has_operating_system() {
            write_descriptor(text, layer, self.base.with(0), 31_000_000)?;
            text.push(',');
            write_descriptor(text, layer, self.base.with(1), 9_000_000)?;
            text.push(',');
        }
        write_descriptor(text, layer, self.own.with(1), 4_000_000)?;
        text.push(']');
        // Cosign's older scheme says its subject in the tag only.
        if let (ImageKind::Referrer, Some(subject)) = (self.kind, self.subject) {
            write!(
                text,
                r#","subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{subject}","size":741}}"#
            )?;
        }
        text.push('}');
        Ok(())
    }

    fn layer_media_type(&self) -> &'static str {
        match self.kind {
            ImageKind::DockerImage => "application/vnd.docker.image.rootfs.diff.tar.gzip",
            ImageKind::Attestation => "application/vnd.in-toto+json",
            ImageKind::Signature => "application/vnd.dev.cosign.simplesigning.v1+json",
            ImageKind::CosignAttestation => "application/vnd.dsse.envelope.v1+json",
            ImageKind::HelmChart => "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            ImageKind::Referrer => "application/jose+json",
            _ => "application/vnd.oci.image.layer.v1.tar+gzip",
        }
    }
}

fn write_descriptor(text: &mut String, media_type: &str, noise: Noise, about: u64) -> std::fmt::Result {
    let size = about / 2 + noise.below(about);
    let digest = Digest::from_bytes(noise.bytes());
    write!(text, r#"{{"mediaType":"{media_type}","size":{size},"digest":"{digest}"}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blueprint(kind: ImageKind) -> Blueprint {
        Blueprint { kind, base: Noise::new(1), own: Noise::new(2), subject: None, children: vec![] }
    }

    #[test]
    fn manifests_are_json_of_their_media_type() {
        let attested = Digest::of(b"image");
        let mut index = blueprint(ImageKind::OciIndex);
        index.children.push(Child {
            digest: Digest::of(b"attestation"),
            kind: ImageKind::Attestation,
            platform: Platform::Unknown,
            manifest_bytes: 566,
            attests: Some(attested),
        });
        for blueprint in [blueprint(ImageKind::DockerImage), blueprint(ImageKind::HelmChart), index] {
            let manifest: serde_json::Value = serde_json::from_str(&blueprint.manifest()).unwrap();
            assert_eq!(manifest["mediaType"], blueprint.kind.manifest_media_type());
        }
    }
}
