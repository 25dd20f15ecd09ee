//! Which host names belong to AWS's own S3.
//!
//! Read from the right: below `amazonaws.com` everybody can have a name (a load
//! balancer, an instance), so only the exact forms of S3 endpoints count. S3 Control
//! is not among them: it is another client's, and what it answers can be a key.

/// Whether `host` (lower case, no trailing dot) is an S3 endpoint of AWS, with or
/// without a bucket in front.
pub(crate) fn is_s3_host(host: &str) -> bool {
    let Some(rest) = PARTITIONS.iter().find_map(|it| host.strip_suffix(it)) else {
        return false;
    };
    let labels: Vec<&str> = rest.rsplit('.').collect();
    match *labels.as_slice() {
        // s3.amazonaws.com, bucket.s3-accelerate.amazonaws.com, …
        ["s3" | "s3-accelerate" | "s3-external-1", ..] => true,
        ["dualstack", "s3-accelerate", ..] => true,
        // alias.accesspoint.s3-global.amazonaws.com
        ["s3-global", "accesspoint", _, ..] => true,
        // bucket.vpce-0a1b.s3.eu-west-1.vpce.amazonaws.com
        ["vpce", region, "s3" | "s3-accesspoint", id, ..] => {
            is_region(region) && id.starts_with("vpce-")
        }
        [region, "dualstack", service, ..] | [region, service, ..] if is_region(region) => {
            is_s3_service(service)
        }
        // s3-eu-west-1.amazonaws.com
        [dashed, ..] => dashed.strip_prefix("s3-").is_some_and(is_region),
        [] => false,
    }
}

/// What the names of AWS's partitions end with, as the SDK has them.
const PARTITIONS: [&str; 7] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
];

fn is_s3_service(label: &str) -> bool {
    matches!(
        label,
        "s3" | "s3-fips"
            | "s3-accesspoint"
            | "s3-accesspoint-fips"
            | "s3-object-lambda"
            | "s3-object-lambda-fips"
            | "s3-outposts"
            | "s3-outposts-fips"
            | "s3express-control"
    ) || label
        .strip_prefix("s3express-")
        // A zone, such as `usw2-az1`.
        .is_some_and(|zone| zone.contains("-az") && !zone.contains("control"))
}

/// `eu-west-1`, `us-gov-east-1`, `ap-southeast-2`, `eusc-de-east-1`.
fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    let [area, middle @ .., number] = parts.as_slice() else { return false };
    let is_word = |it: &&str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_lowercase());
    matches!(area.len(), 2 | 4)
        && is_word(area)
        && matches!(middle.len(), 1 | 2)
        && middle.iter().all(is_word)
        && matches!(number.len(), 1 | 2)
        && number.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_forms_of_s3_count() {
        let ours = [
            "s3.amazonaws.com",
            "bucket.s3.amazonaws.com",
            "s3.eu-west-1.amazonaws.com",
            "bucket.s3.eu-west-1.amazonaws.com",
            "bucket.with.dots.s3.eu-west-1.amazonaws.com",
            "bucket.s3-eu-west-1.amazonaws.com",
            "bucket.s3.dualstack.eu-west-1.amazonaws.com",
            "bucket.s3-fips.us-gov-west-1.amazonaws.com",
            "bucket.s3-fips.dualstack.us-east-1.amazonaws.com",
            "bucket.s3-accelerate.amazonaws.com",
            "bucket.s3-accelerate.dualstack.amazonaws.com",
            "ap-123456789012.s3-accesspoint.us-west-2.amazonaws.com",
            "ap-123456789012.s3-object-lambda.us-west-2.amazonaws.com",
            "alias.accesspoint.s3-global.amazonaws.com",
            "bucket--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com",
            "s3express-control.us-west-2.amazonaws.com",
            "bucket.vpce-0a1b-c2d3.s3.us-east-1.vpce.amazonaws.com",
            "ap-123456789012.op-01ac5d28a6a232904.s3-outposts.us-west-2.amazonaws.com",
            "ap-123456789012.s3-accesspoint-fips.dualstack.us-gov-east-1.amazonaws.com",
            "bucket.s3.cn-north-1.amazonaws.com.cn",
            "bucket.s3.dualstack.cn-northwest-1.amazonaws.com.cn",
            "bucket.s3.eusc-de-east-1.amazonaws.eu",
        ];
        let others = [
            "amazonaws.com",
            "s3.amazonaws.com.evil.net",
            "evils3.amazonaws.com",
            "s3.evil.net",
            "ec2-1-2-3-4.us-west-2.compute.amazonaws.com",
            "s3.compute-1.amazonaws.com",
            "s3.us-east-1.elb.amazonaws.com",
            "s3-name.elb.us-east-1.amazonaws.com",
            "abc.execute-api.us-east-1.amazonaws.com",
            "sts.us-east-1.amazonaws.com",
            "s3.rds.us-east-1.amazonaws.com",
            "s3x.us-east-1.amazonaws.com",
            "x.s3.us-east-1.vpce.amazonaws.com",
            "s3express-evil.us-east-1.amazonaws.com",
            "s3-global.amazonaws.com",
            "123456789012.s3-control.us-east-1.amazonaws.com",
            "123456789012.s3-control-fips.dualstack.us-east-1.amazonaws.com",
            "123456789012.vpce-0a1b-c2d3.s3-control.us-east-1.vpce.amazonaws.com",
            "s3.amazonaws.com.cn.evil.net",
            "s3.amazonaws.com@evil.net",
            "s3.us-east-1.amazonaws.com.",
            "",
        ];
        let wrong: Vec<&str> = ours
            .into_iter()
            .filter(|it| !is_s3_host(it))
            .chain(others.into_iter().filter(|it| is_s3_host(it)))
            .collect();
        assert_eq!(wrong, Vec::<&str>::new());
    }

    /// What the SDK on Node made of configurations and buckets.
    #[test]
    fn the_sdk_asks_no_other_hosts() {
        let rows: Vec<Vec<serde_json::Value>> =
            serde_json::from_str(include_str!("../../tests/snippets/endpoints.json")).unwrap();
        let hosts: Vec<&str> = rows
            .iter()
            .filter(|row| row[0].get("endpoint").is_none())
            .filter_map(|row| row.last()?.as_str()?.strip_prefix("https://")?.split('/').next())
            .collect();
        assert!(hosts.len() > 20, "{hosts:?}");
        let others: Vec<&&str> = hosts.iter().filter(|it| !is_s3_host(it)).collect();
        assert_eq!(others, Vec::<&&str>::new());
    }
}
