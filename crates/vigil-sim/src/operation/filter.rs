//! The filter of ListImages and DescribeImages.

use serde::Deserialize;

use crate::content::Image;
use crate::wire::ApiError;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WrittenFilter {
    tag_status: Option<String>,
    image_status: Option<String>,
}

/// Which images are listed. By default: tagged or not, but only active ones.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Filter {
    /// `Some(true)`: only tagged; `Some(false)`: only untagged.
    tagged: Option<bool>,
    status: StatusFilter,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum StatusFilter {
    #[default]
    Active,
    Archived,
    /// Restores are instant here, so that nothing is ever being activated.
    Activating,
    Any,
}

impl WrittenFilter {
    pub(super) fn parse(&self) -> Result<Filter, ApiError> {
        let tagged = match self.tag_status.as_deref() {
            None | Some("ANY") => None,
            Some("TAGGED") => Some(true),
            Some("UNTAGGED") => Some(false),
            Some(_) => return Err(not_in("filter.tagStatus", "[TAGGED, UNTAGGED, ANY]")),
        };
        let status = match self.image_status.as_deref() {
            None | Some("ACTIVE") => StatusFilter::Active,
            Some("ARCHIVED") => StatusFilter::Archived,
            Some("ACTIVATING") => StatusFilter::Activating,
            Some("ANY") => StatusFilter::Any,
            Some(_) => return Err(not_in("filter.imageStatus", "[ACTIVE, ARCHIVED, ACTIVATING, ANY]")),
        };
        Ok(Filter { tagged, status })
    }

    /// What a page token is bound to.
    pub(super) fn words(&self) -> (&str, &str) {
        (self.tag_status.as_deref().unwrap_or_default(), self.image_status.as_deref().unwrap_or_default())
    }
}

impl Filter {
    pub(super) fn lets_through(&self, image: &Image) -> bool {
        let status = match self.status {
            StatusFilter::Any => true,
            StatusFilter::Active => image.archived_at.is_none(),
            StatusFilter::Archived => image.archived_at.is_some(),
            StatusFilter::Activating => false,
        };
        status && self.tagged.is_none_or(|tagged| tagged != image.tags.is_empty())
    }
}

fn not_in(member: &str, words: &str) -> ApiError {
    ApiError::invalid_parameter(member, format!("must satisfy enum value set: {words}"))
}
