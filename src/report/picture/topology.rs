//! A topology: AZs as boxes, shards as rows, primaries filled, replicas outlined, arrows from a
//! primary to those who copy from it.

use super::canvas::{Anchor, BLUE, Canvas, EDGE, Font, GREY, INK, PAPER, Point, VERMILION, WHITE};
use super::paint::{self, Described};
use super::scope::Scope;
use super::{Drawn, Picture, missing};
use crate::model::plan::{AzId, GroupId, Membership, NodeId, Plan};
use crate::report::placement::{Detail, Row, Rows, plural, rows, shard_list, slot_share};
use crate::report::table::group_line;
use crate::report::topology::failure_domain_lines;
use crate::scenario::domains::Map;

/// The name of its pictures.
const NAME: &str = "topology";
/// A page is no wider, unless AZs are so many that their names need it.
const WIDEST: i32 = 1_000;
/// A page is no narrower, so that title and legend have room.
const NARROWEST: i32 = 720;
/// White space around everything.
const MARGIN: i32 = 20;
/// Up to this many rows, nodes are drawn with their names.
const MOST_NAMED: usize = 12;

/// A node's box.
fn draw_node(canvas: &mut Canvas, [from, to]: [Point; 2], role: Role, (text, font): (&str, Font)) {
    let middle = ((from.0 + to.0) / 2, (from.1 + to.1) / 2);
    match role {
        Role::Primary => {
            canvas.filled([from, to], BLUE);
            canvas.text(text, (middle, Anchor::Middle), font, WHITE);
        }
        Role::Replica => {
            canvas.filled([from, to], WHITE);
            canvas.outlined([from, to], VERMILION);
            canvas.text(text, (middle, Anchor::Middle), font, INK);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Primary,
    Replica,
}

impl Role {
    fn glyph(self) -> &'static str {
        match self {
            Role::Primary => "P",
            Role::Replica => "R",
        }
    }
}

/// How rows are drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Nodes with their names, one below the other in an AZ, and arrows.
    Named,
    /// Nodes as glyphs, side by side on a line.
    Small,
}

/// A column of the page.
struct Column {
    az: AzId,
    left: i32,
    width: i32,
}

/// Where everything goes.
struct Layout<'m> {
    map: &'m Map<'m>,
    look: Look,
    name_font: Font,
    /// Longest name that fits, in letters.
    name_letters: usize,
    columns: Vec<Column>,
    width: i32,
}

const LABEL: Font = Font::Mono(11);
const NOTE: Font = Font::Prose(11);
const HEADING: Font = Font::Title(12);
const TITLE: Font = Font::Title(16);
const WHOSE: Font = Font::Prose(14);
/// Between two AZs.
const GAP: i32 = 12;
/// In a column, left of the nodes, where arrows come down.
const GUTTER: i32 = 22;
/// A small node's box and the space behind it.
const SMALL_STEP: i32 = 20;
/// Height of the heading of AZ boxes.
const HEAD: i32 = 26;

/// Layouts that are drawn, at most.
const MOST: usize = 6;

/// The topology of each layout that policies have, under the first of them.
pub(super) fn draw(scope: &Scope<'_>) -> Vec<Drawn> {
    let mut drawn = Vec::new();
    let mut seen: Vec<(Canvas, &Plan, Vec<&str>)> = Vec::new();
    for subject in &scope.subjects {
        let plan = &subject.policy.plan;
        let canvas = canvas(&Map::of(plan), Detail::Folded, "");
        match seen.iter_mut().find(|other| other.0 == canvas) {
            Some((_, _, labels)) => labels.push(&subject.label),
            None => seen.push((canvas, plan, vec![&subject.label])),
        }
    }
    let n_left_out = seen.len().saturating_sub(MOST);
    // Those that are shown are spread over all.
    let is_shown = |place: usize| {
        n_left_out == 0 || (0..MOST).any(|n| n * (seen.len() - 1) / (MOST - 1) == place)
    };
    let shown = seen.iter().enumerate().filter(|(place, _)| is_shown(*place));
    for (n, (_, (_, plan, labels))) in shown.enumerate() {
        let name = if n == 0 { NAME.to_owned() } else { format!("{NAME}-{}", n + 1) };
        let (map, whose) = (Map::of(plan), labels.join(", "));
        let lost = failure_domain_lines(&map).join("; ");
        let title = scope.title(&format!("Placement: {whose}"));
        let alt = format!("Where the nodes of {whose} are. {lost}.");
        let canvas = canvas(&map, Detail::Folded, &scope.title(&whose));
        let aliases = scope.aliases();
        drawn.push(Drawn::Picture(Picture { name, title, alt, canvas, aliases }));
    }
    if n_left_out > 0 {
        let why = format!("{n_left_out} more layouts differ; `ecsim topology` draws any of them");
        drawn.push(missing("topology-more", &why));
    }
    drawn
}

/// The picture of a plan's topology.
pub fn topology_svg(map: &Map<'_>, detail: Detail) -> String {
    let alt = failure_domain_lines(map).join("; ");
    let described = Described { name: NAME, title: &map.plan.name, alt: &alt };
    paint::svg(&canvas(map, detail, ""), described)
}

/// The marks of a plan's topology, with a line on whose it is.
pub(super) fn canvas(map: &Map<'_>, detail: Detail, whose: &str) -> Canvas {
    let groups: Vec<(GroupId, Rows)> =
        map.plan.group_ids().map(|group| (group, rows(map, group, detail))).collect();
    let layout = Layout::of(map, &groups);
    let header = layout.header();
    let whose = WHOSE.wrapped(whose, layout.text_width());
    let height = (header.len() + whose.len()) as i32 * 22
        + 2 * MARGIN
        + 34
        + groups.iter().map(|(group, rows)| layout.section_height(*group, rows)).sum::<i32>()
        + layout.footer().len() as i32 * 16;
    let mut canvas = Canvas::new((layout.width, height));
    let mut y = MARGIN;
    for line in &header {
        canvas.text(line, ((MARGIN, y + 8), Anchor::Left), TITLE, INK);
        y += 22;
    }
    for line in &whose {
        canvas.text(line, ((MARGIN, y + 8), Anchor::Left), WHOSE, GREY);
        y += 22;
    }
    layout.legend(&mut canvas, y);
    y += 34;
    for (group, rows) in &groups {
        y = layout.section(&mut canvas, (*group, rows), y);
    }
    for (x, line) in layout.footer() {
        canvas.text(&line, ((x, y + 8), Anchor::Left), NOTE, INK);
        y += 16;
    }
    canvas
}

impl<'m> Layout<'m> {
    fn of(map: &'m Map<'m>, groups: &[(GroupId, Rows)]) -> Self {
        let plan = map.plan;
        let shown = || groups.iter().flat_map(|(_, rows)| &rows.shown);
        let look = match shown().count() {
            n if n <= MOST_NAMED => Look::Named,
            _ => Look::Small,
        };
        let is_member = |node: &NodeId| plan.nodes[node.idx()].membership == Membership::Member;
        let is_used = |az: &AzId| plan.azs[az.idx()].nodes.iter().any(is_member);
        let azs: Vec<AzId> = map.azs().filter(is_used).collect();
        let label_width = shown()
            .flat_map(|row| label(map, row, look))
            .map(|(line, font)| font.width(&line))
            .max()
            .unwrap_or(0);
        let nodes = || shown().flat_map(|row| row.cells.values().flatten());
        let longest = nodes().map(|node| plan.nodes[node.idx()].name.len()).max().unwrap_or(1);
        let column_width = |az: AzId, name_width: i32| {
            let n_nodes = shown().filter_map(|row| row.cells.get(&az)).map(Vec::len).max();
            let inner = match look {
                Look::Named => GUTTER + name_width + 10,
                Look::Small => n_nodes.unwrap_or(0) as i32 * SMALL_STEP + 16,
            };
            inner.max(HEADING.width(&plan.azs[az.idx()].name) + 16)
        };
        let first_left = MARGIN + label_width + 14;
        let fits = |font: Font, letters: usize| {
            let name_width = name_width(font, letters);
            let columns: i32 = azs.iter().map(|az| column_width(*az, name_width) + GAP).sum();
            let headings: i32 = azs.iter().map(|az| column_width(*az, 0) + GAP).sum();
            first_left + columns - GAP + MARGIN <= WIDEST || columns == headings
        };
        let fonts = [12, 11, 10, 9].map(Font::Mono);
        let (name_font, name_letters) = match fonts.into_iter().find(|font| fits(*font, longest)) {
            Some(font) => (font, longest),
            None => {
                let font = Font::Mono(9);
                let letters = (4..longest).rev().find(|letters| fits(font, *letters));
                (font, letters.unwrap_or(4))
            }
        };
        let mut left = first_left;
        let columns: Vec<Column> = azs
            .iter()
            .map(|&az| {
                let width = column_width(az, name_width(name_font, name_letters));
                let column = Column { az, left, width };
                left += width + GAP;
                column
            })
            .collect();
        let width = (left - GAP + MARGIN).max(NARROWEST);
        Layout { map, look, name_font, name_letters, columns, width }
    }

    fn text_width(&self) -> i32 {
        self.width - 2 * MARGIN
    }

    fn header(&self) -> Vec<String> {
        TITLE.wrapped(&self.map.plan.name, self.text_width())
    }

    /// What is lost with what, under the picture; lines that go on are indented.
    fn footer(&self) -> Vec<(i32, String)> {
        const INDENT: i32 = 16;
        let wrapped =
            |line: String| NOTE.wrapped(&line, self.text_width() - INDENT).into_iter().enumerate();
        let indent = |(n, line)| (if n == 0 { MARGIN } else { MARGIN + INDENT }, line);
        failure_domain_lines(self.map)
            .into_iter()
            .flat_map(|line| wrapped(line).map(indent))
            .collect()
    }

    fn legend(&self, canvas: &mut Canvas, y: i32) {
        let y = y + 8;
        let mut x = MARGIN;
        let roles = [(Role::Primary, "primary"), (Role::Replica, "replica")];
        for (role, word) in roles {
            draw_node(canvas, [(x, y - 7), (x + 16, y + 7)], role, (role.glyph(), Font::Mono(10)));
            canvas.text(word, ((x + 22, y), Anchor::Left), NOTE, INK);
            x += 22 + NOTE.width(word) + 18;
        }
        let word = match self.look {
            Look::Named => "copies from the primary",
            Look::Small => "a row's replicas copy from its primary",
        };
        match self.look {
            Look::Named => canvas.arrow((x, y), x + 26),
            Look::Small => canvas.line(&[(x, y), (x + 26, y)], GREY),
        }
        canvas.text(word, ((x + 32, y), Anchor::Left), NOTE, INK);
    }

    fn heading(&self, group: GroupId) -> Vec<String> {
        let plan = self.map.plan;
        NOTE.wrapped(&group_line(plan, &plan.groups[group.idx()]), self.text_width())
    }

    fn section_height(&self, group: GroupId, rows: &Rows) -> i32 {
        let shown: i32 = rows.shown.iter().map(|row| self.row_height(row)).sum();
        let left_out = if rows.n_left_out > 0 { 18 } else { 0 };
        self.heading(group).len() as i32 * 16 + self.box_height(shown) + left_out + 22
    }

    /// Height of the boxes of AZs around rows of that height: a heading above, totals below.
    fn box_height(&self, rows: i32) -> i32 {
        HEAD + rows + 24
    }

    /// A group from `y` down; gives where the next begins.
    fn section(&self, canvas: &mut Canvas, (group, rows): (GroupId, &Rows), y: i32) -> i32 {
        let (map, end) = (self.map, y + self.section_height(group, rows));
        let mut y = y;
        for line in self.heading(group) {
            canvas.text(&line, ((MARGIN, y + 6), Anchor::Left), NOTE, INK);
            y += 16;
        }
        let shown: i32 = rows.shown.iter().map(|row| self.row_height(row)).sum();
        let bottom = y + self.box_height(shown);
        for used in map.spread(group).azs {
            let Some(column) = self.columns.iter().find(|column| column.az == used.az) else {
                continue;
            };
            let corners = [(column.left, y), (column.left + column.width, bottom)];
            canvas.filled(corners, PAPER);
            canvas.outlined(corners, EDGE);
            let middle = column.left + column.width / 2;
            let name = &map.plan.azs[used.az.idx()].name;
            canvas.text(name, ((middle, y + 13), Anchor::Middle), HEADING, INK);
            let total = format!("{} P + {} R", used.primaries, used.replicas);
            canvas.text(&total, ((middle, bottom - 11), Anchor::Middle), Font::Mono(10), GREY);
        }
        y += HEAD;
        for row in &rows.shown {
            match self.look {
                Look::Named => self.named_row(canvas, row, y),
                Look::Small => self.small_row(canvas, row, y),
            }
            y += self.row_height(row);
        }
        if rows.n_left_out > 0 {
            let text = format!("… and {} with other placements", plural(rows.n_left_out, "shard"));
            canvas.text(&text, ((MARGIN, bottom + 12), Anchor::Left), NOTE, INK);
        }
        end
    }

    fn node_height(&self) -> i32 {
        self.name_font.size() + 8
    }

    fn row_height(&self, row: &Row) -> i32 {
        let most = row.cells.values().map(Vec::len).max().unwrap_or(1) as i32;
        match self.look {
            Look::Named => (22 + most * (self.node_height() + 6))
                .max(label(self.map, row, self.look).len() as i32 * 15 + 12),
            Look::Small => 18,
        }
    }

    fn role(&self, row: &Row, node: NodeId) -> Role {
        match self.map.primary(row.first()) == node {
            true => Role::Primary,
            false => Role::Replica,
        }
    }

    fn label(&self, canvas: &mut Canvas, row: &Row, y: i32) {
        for (n, (line, font)) in label(self.map, row, self.look).iter().enumerate() {
            let at = (MARGIN, y + n as i32 * 15);
            canvas.text(line, (at, Anchor::Left), *font, if n == 0 { INK } else { GREY });
        }
    }

    /// The columns in which the row has nodes.
    fn cells<'r>(&'r self, row: &'r Row) -> impl Iterator<Item = (&'r Column, &'r [NodeId])> {
        self.columns
            .iter()
            .filter_map(|column| row.cells.get(&column.az).map(|nodes| (column, nodes.as_slice())))
    }

    /// Arrows run along the top of the row and come down left of the nodes, so that they cross
    /// no name.
    fn named_row(&self, canvas: &mut Canvas, row: &Row, y: i32) {
        self.label(canvas, row, y + 24);
        let (rail, top, step) = (y + 6, y + 14, self.node_height() + 6);
        let drop = |column: &Column| column.left + 8;
        let has_replicas = row.cells.values().map(Vec::len).sum::<usize>() > 1;
        let n_columns = self.cells(row).count();
        if n_columns > 1 {
            let drops: Vec<i32> = self.cells(row).map(|(column, _)| drop(column)).collect();
            canvas.line(&[(drops[0], rail), (drops[n_columns - 1], rail)], GREY);
        }
        for (column, nodes) in self.cells(row) {
            let (x, left) = (drop(column), column.left + GUTTER);
            let middle = |n: usize| top + n as i32 * step + self.node_height() / 2;
            let from = if n_columns > 1 { rail } else { middle(0) };
            if has_replicas {
                canvas.line(&[(x, from), (x, middle(nodes.len() - 1))], GREY);
            }
            for (n, &node) in nodes.iter().enumerate() {
                let role = self.role(row, node);
                match role {
                    Role::Primary if has_replicas => {
                        canvas.line(&[(x, middle(n)), (left, middle(n))], GREY);
                    }
                    Role::Primary => {}
                    Role::Replica => canvas.arrow((x, middle(n)), left),
                }
                let name = shortened(&self.map.plan.nodes[node.idx()].name, self.name_letters);
                let text = format!("{} {name}", role.glyph());
                let right = left + name_width(self.name_font, self.name_letters);
                let box_top = top + n as i32 * step;
                let corners = [(left, box_top), (right, box_top + self.node_height())];
                draw_node(canvas, corners, role, (&text, self.name_font));
            }
        }
    }

    /// The line lies behind the nodes.
    fn small_row(&self, canvas: &mut Canvas, row: &Row, y: i32) {
        let middle = y + 9;
        self.label(canvas, row, middle);
        let boxes = |(column, nodes): (&Column, &[NodeId])| {
            let width = nodes.len() as i32 * SMALL_STEP - 4;
            let first = column.left + (column.width - width) / 2;
            let left = move |n: usize| first + n as i32 * SMALL_STEP;
            nodes.iter().enumerate().map(move |(n, node)| (left(n), *node)).collect::<Vec<_>>()
        };
        let boxes: Vec<(i32, NodeId)> = self.cells(row).flat_map(boxes).collect();
        if let (Some((first, _)), Some((last, _))) = (boxes.first(), boxes.last())
            && first != last
        {
            canvas.line(&[(*first, middle), (*last, middle)], GREY);
        }
        for (left, node) in boxes {
            let role = self.role(row, node);
            let corners = [(left, middle - 7), (left + 16, middle + 7)];
            draw_node(canvas, corners, role, (role.glyph(), Font::Mono(10)));
        }
    }
}

/// Width of a node's box with a glyph and a name of so many letters.
fn name_width(font: Font, letters: usize) -> i32 {
    font.width(&"x".repeat(letters + 2)) + 12
}

/// What stands left of a row.
fn label(map: &Map<'_>, row: &Row, look: Look) -> Vec<(String, Font)> {
    let list = shard_list(map.plan, &row.shards);
    let share = slot_share(row.weight(map.plan).hash_slots, 1);
    let mut lines = vec![(list, LABEL)];
    if look == Look::Named {
        let first = &map.plan.shards[row.first().idx()].id;
        if row.shards.len() > 1 {
            lines.push((format!("shown: {first}"), Font::Prose(10)));
        }
        lines.push((format!("{share} of the slots"), Font::Prose(10)));
    }
    lines
}

/// A name of at most so many letters: the end tells nodes of one group apart.
fn shortened(name: &str, letters: usize) -> String {
    match name.len() {
        n if n <= letters => name.to_owned(),
        n => format!("…{}", &name[n + 1 - letters..]),
    }
}
