// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {RewardShare} from "../../contracts/aztec/RewardShare.sol";
import {RewardShares} from "../../contracts/aztec/RewardShares.sol";
import {SomeToken} from "../support/solidity/BondsFixture.sol";
import {Test} from "../support/solidity/Test.sol";

/// @title A token that tells its recipient before anything has moved
contract EarlyToken is ERC20("Early", "EARLY") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (from != address(0) && to.code.length != 0) {
            (bool done, ) = to.call(abi.encodeWithSignature("tokensComing()"));
            done; // A recipient that fails is its own affair.
        }
        super._update(from, to, amount);
    }
}

/// @title A party that asks for its part again while it is being paid
contract GreedyParty {
    RewardShare public share;
    IERC20 public token;

    function ask(RewardShare share_, IERC20 token_) external {
        (share, token) = (share_, token_);
        share_.pay(token_, address(this));
    }

    function tokensComing() external {
        share.pay(token, address(this));
    }
}

contract RewardSharesTest is Test {
    address internal constant FIRST = address(0x1111);
    address internal constant SECOND = address(0x2222);

    RewardShares internal shares;
    SomeToken internal token;

    function setUp() public {
        shares = new RewardShares();
        token = new SomeToken();
    }

    function test_create_StandsWhereItWasForetold() public {
        RewardShare.Party[] memory parties = _parties(7000);
        address foretold = shares.shareOf(parties);
        token.mint(foretold, 1 ether); // A reward may come before anything stands there.
        vm.expectEmit(address(shares));
        emit RewardShares.Created(foretold, parties);
        assertEq(shares.create(parties), foretold, "address");
        assertEq(shares.create(parties), foretold, "making it again is no harm");
        RewardShare.Party[] memory kept = RewardShare(foretold).parties();
        assertEq(kept.length, 2, "parties");
        assertEq(kept[1].account, SECOND, "account");
        assertEq(kept[1].bps, 3000, "part");
        assertEq(RewardShare(foretold).due(token, FIRST), 0.7 ether, "what came before");
    }

    function test_shareOf_OtherPartsAreAnotherIdentity() public view {
        assertTrue(shares.shareOf(_parties(7000)) != shares.shareOf(_parties(7001)), "address");
    }

    function test_pay_EachPartyItsPartOfWhateverComes() public {
        RewardShare share = _created(7000);
        token.mint(address(share), 100);
        assertEq(share.pay(token, FIRST), 70, "of the first reward");
        _refuses(share, FIRST);
        token.mint(address(share), 50);
        assertEq(share.pay(token, SECOND), 45, "of both rewards");
        assertEq(share.pay(token, FIRST), 35, "of the second one");
        assertEq(token.balanceOf(address(share)), 0, "all of it");
    }

    function test_pay_TokensDoNotMix() public {
        RewardShare share = _created(7000);
        SomeToken other = new SomeToken();
        token.mint(address(share), 100);
        other.mint(address(share), 10);
        share.pay(token, FIRST);
        assertEq(share.due(other, FIRST), 7, "untouched");
    }

    function test_pay_RevertWhen_ItIsNoParty() public {
        RewardShare share = _created(7000);
        token.mint(address(share), 100);
        _refuses(share, address(this));
    }

    function test_pay_ATokenThatCallsEarlyPaysNobodyTwice() public {
        GreedyParty greedy = new GreedyParty();
        RewardShare.Party[] memory parties = new RewardShare.Party[](2);
        parties[0] = RewardShare.Party(SECOND, 5000);
        parties[1] = RewardShare.Party(address(greedy), 5000);
        RewardShare share = RewardShare(shares.create(parties));
        EarlyToken early = new EarlyToken();
        early.mint(address(share), 100);
        greedy.ask(share, early);
        assertEq(early.balanceOf(address(greedy)), 50, "its part");
        assertEq(share.pay(early, SECOND), 50, "the other's");
    }

    function testFuzz_pay_NobodyGetsMoreThanItsPart(uint96[4] calldata rewards, uint16 part, uint8 order) public {
        part = uint16(1 + (part % 9999));
        RewardShare share = _created(part);
        uint256 came;
        for (uint256 i; i < rewards.length; ++i) {
            came += rewards[i];
            token.mint(address(share), rewards[i]);
            address party = (order >> i) & 1 == 0 ? FIRST : SECOND;
            if (share.due(token, party) != 0) share.pay(token, party);
        }
        if (share.due(token, FIRST) != 0) share.pay(token, FIRST);
        if (share.due(token, SECOND) != 0) share.pay(token, SECOND);
        assertEq(token.balanceOf(FIRST), (came * part) / 10_000, "first");
        assertEq(token.balanceOf(SECOND), (came * (10_000 - part)) / 10_000, "second");
        assertLe(token.balanceOf(address(share)), 1, "rounding");
    }

    function test_shareOf_RevertWhen_ThePartiesAreNotAList() public {
        RewardShare.Party[] memory parties = new RewardShare.Party[](0);
        _refuses(parties, abi.encodeWithSelector(RewardShares.WrongNumber.selector, 0, 16));
        _refuses(new RewardShare.Party[](17), abi.encodeWithSelector(RewardShares.WrongNumber.selector, 17, 16));
        parties = _parties(5000);
        parties[1].account = FIRST;
        _refuses(parties, abi.encodeWithSelector(RewardShares.NotInOrder.selector, 1));
        parties[0].account = address(0);
        _refuses(parties, abi.encodeWithSelector(RewardShares.NotInOrder.selector, 0));
        parties = _parties(10_000);
        _refuses(parties, abi.encodeWithSelector(RewardShares.NoPart.selector, 1));
        parties[1].bps = 1;
        _refuses(parties, abi.encodeWithSelector(RewardShares.WrongSum.selector, 10_001, 10_000));
    }

    function _parties(uint16 first) private pure returns (RewardShare.Party[] memory parties) {
        parties = new RewardShare.Party[](2);
        parties[0] = RewardShare.Party(FIRST, first);
        parties[1] = RewardShare.Party(SECOND, 10_000 - first);
    }

    function _created(uint16 first) private returns (RewardShare share) {
        return RewardShare(shares.create(_parties(first)));
    }

    function _refuses(RewardShare share, address party) private {
        vm.expectRevert(abi.encodeWithSelector(RewardShare.NothingDue.selector, party));
        share.pay(IERC20(token), party);
    }

    function _refuses(RewardShare.Party[] memory parties, bytes memory reason) private {
        vm.expectRevert(reason);
        shares.shareOf(parties);
    }
}
