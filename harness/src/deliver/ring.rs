//! A consistent hash ring from trace id to endpoint, the one of the collector's load-balancing exporter.
//!
//! Owns where a trace goes, so that bodies can be split as a fleet of agents would (`opentelemetry-collector-contrib`,
//! `exporter/loadbalancingexporter/consistent_hashing.go`; its static resolver sorts the endpoints first). Refuses anything better: the
//! point is to be equal.

use flate2::Crc;

/// Positions on the ring: 360 degrees in hundredths.
const POSITIONS: u32 = 36_000;
/// Points of each endpoint.
const POINTS: u8 = 100;

/// The ring.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    /// Position and endpoint, by position.
    points: Vec<(u32, usize)>,
}

impl Ring {
    /// The ring of these endpoints, as a collector's configuration names them (`host:port`). Their order does not matter.
    pub(crate) fn new(names: &[String]) -> Self {
        Self::with_points(names, POINTS)
    }

    fn with_points(names: &[String], points_each: u8) -> Self {
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by(|a, b| names[*a].cmp(&names[*b]));
        let mut points: Vec<(u32, usize)> = Vec::new();
        for endpoint in order {
            for number in 0..points_each {
                let position = position(&[names[endpoint].as_bytes(), &[number]]);
                // Whoever comes first keeps a position.
                if let Err(place) = points.binary_search_by_key(&position, |(position, _)| *position) {
                    points.insert(place, (position, endpoint));
                }
            }
        }
        Self { points }
    }

    /// The endpoint of a trace, as an index into the names; 0 if there were none.
    pub(crate) fn endpoint(&self, trace_id: &[u8; 16]) -> usize {
        self.next(position(&[trace_id]))
    }

    /// The endpoint at the position, or the next one around the ring.
    fn next(&self, position: u32) -> usize {
        let place = self.points.partition_point(|(there, _)| *there < position);
        self.points.get(place).or(self.points.first()).map_or(0, |(_, endpoint)| *endpoint)
    }
}

fn position(parts: &[&[u8]]) -> u32 {
    let mut crc = Crc::new();
    for part in parts {
        crc.update(part);
    }
    crc.sum() % POSITIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// *Scenario* The positions that the exporter's own tests hold (`TestPositionsForEndpoints`), five points for each endpoint.
    ///
    /// *Guarantees* The ring has the same, and an endpoint that is named twice counts once.
    #[test]
    fn positions_are_those_of_the_exporter() {
        let one = [1401, 4175, 14_133, 17_836, 21_667];
        for endpoints in [names(&["endpoint-1"]), names(&["endpoint-1", "endpoint-1"])] {
            let ring = Ring::with_points(&endpoints, 5);
            assert_eq!(ring.points.iter().map(|point| point.0).collect::<Vec<_>>(), one);
        }
        let ring = Ring::with_points(&names(&["endpoint-1", "endpoint-2"]), 5);
        let expected = [
            (1401, 0),
            (4175, 0),
            (10_240, 1),
            (14_133, 0),
            (15_002, 1),
            (17_836, 0),
            (21_263, 1),
            (21_667, 0),
            (26_806, 1),
            (27_020, 1),
        ];
        assert_eq!(ring.points, expected);
    }

    /// *Scenario* The trace ids of the exporter's own test (`TestEndpointFor`), with a hundred points for each of two endpoints.
    ///
    /// *Guarantees* They go where the exporter sends them, in whatever order the endpoints are named.
    #[test]
    fn traces_go_where_the_exporter_sends_them() {
        let ring = Ring::new(&names(&["endpoint-1", "endpoint-2"]));
        let turned = Ring::new(&names(&["endpoint-2", "endpoint-1"]));
        assert_eq!(ring.points.len(), 200);
        for (start, expected) in [([1, 2], 0), ([128, 128], 1)] {
            let mut trace_id = [0; 16];
            trace_id[..2].copy_from_slice(&start);
            assert_eq!(ring.endpoint(&trace_id), expected);
            assert_eq!(turned.endpoint(&trace_id), 1 - expected);
        }
    }

    /// *Scenario* Positions between points, at a point, past the last (`TestBinarySearch`), and a ring without points.
    ///
    /// *Guarantees* The next point around the ring is found.
    #[test]
    fn the_next_point_is_found_around_the_ring() {
        let positions = [14, 25, 33, 47, 56, 121, 134, 158, 240, 270, 350];
        let ring = Ring { points: positions.iter().map(|position| (*position, *position as usize)).collect() };
        for (asked, found) in [(85, 121), (14, 14), (351, 14), (270, 270), (271, 350)] {
            assert_eq!(ring.next(asked), found);
        }
        assert_eq!(Ring::new(&[]).endpoint(&[7; 16]), 0);
    }
}
