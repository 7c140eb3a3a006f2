// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IMarket} from "./interfaces/IMarket.sol";
import {IRewards} from "./interfaces/IRewards.sol";
import {RankShares} from "./libraries/RankShares.sol";
import {Receipt as ReceiptLib} from "./libraries/Receipt.sol";
import {Terms} from "./libraries/Terms.sol";

/// @title Network rewards: a funded pool pays an epoch budget to ranks of proven workloads
/// @notice MONEY. Balance = pool + Σ over epochs of what is set apart + Σ operators' rewards. Nothing leaves but as rewards.
/// BOUND. A workload earns at most κ times what it burned, in whatever epoch it is recorded; κ < 1, so a requester that pays its own seats loses.
/// TIME. Points count in the epoch in which they are recorded; rewards of an epoch are due once it is over.
/// LOOPS. An operator has points in one epoch at a time: they turn into rewards when it earns in a later one, or claims.
/// ROLES. The owner chooses budget, κ within bounds, and who is listed for a higher κ; never what was recorded, and nobody's rewards.
/// EXTERNAL CALLS. The market (a view, a deposit) and the token, both ours and fixed.
contract Rewards is IRewards, Ownable2Step {
    using SafeERC20 for ERC20Burnable;

    /// @dev Points that wait for the end of their epoch, and rewards of epochs before it.
    struct Account {
        uint96 points;
        uint96 due;
        uint32 epoch;
    }

    /// @notice κ for everyone stays below one with room for what a requester gets back of a fee besides: nothing but the bounties.
    uint256 public constant MAX_KAPPA_BPS = 9_500;
    /// @notice κ for those listed: the owner vouches that they are no wash traders; three times the burn at most.
    uint256 public constant MAX_BOOST_BPS = 30_000;
    /// @notice Shortest epoch.
    uint256 public constant MIN_EPOCH = 1 minutes;
    uint256 private constant BPS = 10_000;

    /// @notice The token of fees and rewards.
    ERC20Burnable public immutable token;
    /// @notice The market whose workloads are rewarded.
    IMarket public immutable market;
    /// @notice Seconds of an epoch of rewards.
    uint256 public immutable epochLength;
    /// @notice Start of epoch 1.
    uint256 public immutable genesis;

    /// @notice What is in the pool and not set apart for an epoch.
    uint96 public pool;
    /// @notice Most that one epoch pays.
    uint96 public budget;
    /// @notice κ for everyone, basis points.
    uint16 public kappaBps;
    /// @notice κ where program and requester are listed, basis points.
    uint16 public boostBps;
    /// @notice The epoch whose budget is set apart and not accounted for yet; zero for none.
    uint32 public openEpoch;

    /// @notice Points and money of each epoch.
    mapping(uint256 epoch => Epoch state) public epochs;
    /// @notice Listed programs.
    mapping(bytes32 program => bool listed) public isListedProgram;
    /// @notice Listed requesters.
    mapping(address requester => bool listed) public isListedRequester;

    /// @notice What each operator has, as stored; {rewardsOf} says what it has coming.
    mapping(address operator => Account account) public accounts;
    /// @dev One bit for each workload, under its tag: account number and nonce of the requester.
    mapping(uint256 index => uint256 bits) private _recorded;

    /// @param market_ The market; its token becomes this contract's.
    /// @param token_ The market's token.
    /// @param owner_ Sets parameters and lists.
    /// @param epochLength_ Seconds of an epoch, at least {MIN_EPOCH}.
    constructor(IMarket market_, ERC20Burnable token_, address owner_, uint256 epochLength_) Ownable(owner_) {
        if (epochLength_ < MIN_EPOCH) revert EpochTooShort(epochLength_, MIN_EPOCH);
        market = market_;
        token = token_;
        epochLength = epochLength_;
        genesis = block.timestamp;
    }

    // ─── Record and claim ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IRewards
    function record(Receipt[] calldata receipts) external returns (uint256 recorded) {
        uint256 epoch = currentEpoch();
        _close(epoch);
        if (openEpoch == 0) _open(epoch);
        uint256 points;
        for (uint256 i; i < receipts.length; ++i) {
            (bytes32 workload, bool isNew) = _check(receipts[i]);
            if (!isNew) continue;
            uint256 earned = _give(receipts[i], epoch);
            points += earned;
            ++recorded;
            emit Recorded(workload, epoch, earned);
        }
        if (recorded == 0) revert NothingRecorded();
        epochs[epoch].points += uint96(points);
    }

    /// @inheritdoc IRewards
    function claim(address[] calldata operators) external returns (uint256 amount) {
        _close(currentEpoch());
        uint256[] memory due = new uint256[](operators.length);
        for (uint256 i; i < operators.length; ++i) {
            Account storage account = accounts[operators[i]];
            _collect(account);
            due[i] = account.due;
            account.due = 0;
            amount += due[i];
        }
        if (amount == 0) revert NothingToClaim();
        token.forceApprove(address(market), amount);
        for (uint256 i; i < operators.length; ++i) {
            if (due[i] == 0) continue;
            emit Claimed(operators[i], due[i]);
            market.deposit(operators[i], due[i]);
        }
    }

    /// @inheritdoc IRewards
    function fund(uint256 amount) external {
        if (amount > type(uint96).max) revert OutOfBounds(amount, type(uint96).max);
        pool += uint96(amount);
        emit Funded(msg.sender, amount);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    // ─── Owner ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IRewards
    /// @custom:bound κ ≤ {MAX_KAPPA_BPS}, of listed ones ≤ {MAX_BOOST_BPS}; budgets of epochs that open later
    function setParameters(uint96 budget_, uint16 kappaBps_, uint16 boostBps_) external onlyOwner {
        if (kappaBps_ > MAX_KAPPA_BPS) revert OutOfBounds(kappaBps_, MAX_KAPPA_BPS);
        if (boostBps_ > MAX_BOOST_BPS) revert OutOfBounds(boostBps_, MAX_BOOST_BPS);
        (budget, kappaBps, boostBps) = (budget_, kappaBps_, boostBps_);
        emit ParametersSet(budget_, kappaBps_, boostBps_);
    }

    /// @inheritdoc IRewards
    /// @custom:bound counts only with a listed requester; costs at most the budget
    function listProgram(bytes32 program, bool listed) external onlyOwner {
        isListedProgram[program] = listed;
        emit ProgramListed(program, listed);
    }

    /// @inheritdoc IRewards
    /// @custom:bound counts only with a listed program; costs at most the budget
    function listRequester(address requester, bool listed) external onlyOwner {
        isListedRequester[requester] = listed;
        emit RequesterListed(requester, listed);
    }

    // ─── Views ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IRewards
    function rewardsOf(address operator) external view returns (uint256 due, uint256 pending) {
        Account memory account = accounts[operator];
        due = account.due;
        if (account.points == 0) return (due, 0);
        if (account.epoch == currentEpoch()) return (due, account.points);
        Epoch memory e = epochs[account.epoch];
        // An epoch that nobody has closed yet holds its whole budget.
        if (account.epoch == openEpoch && e.rewards > e.points) e.rewards = e.points;
        due += _shareOf(account.points, e);
    }

    /// @inheritdoc IRewards
    function isRecorded(Spec calldata spec) external view returns (bool recorded) {
        (uint256 index, uint256 bit) = _placeOf(spec);
        return _recorded[index] & bit != 0;
    }

    /// @inheritdoc IRewards
    function currentEpoch() public view returns (uint256 epoch) {
        return (block.timestamp - genesis) / epochLength + 1;
    }

    // ─── Internal ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Sets the budget of an epoch apart.
    function _open(uint256 epoch) private {
        uint96 set = budget < pool ? budget : pool;
        pool -= set;
        openEpoch = uint32(epoch);
        epochs[epoch].rewards = set;
        emit EpochOpened(epoch, set);
    }

    /// @dev Ends the open epoch once it is over: what its points do not use goes back.
    function _close(uint256 current) private {
        uint256 epoch = openEpoch;
        if (epoch == 0 || epoch == current) return;
        Epoch storage e = epochs[epoch];
        if (e.rewards > e.points) {
            pool += e.rewards - e.points;
            e.rewards = e.points;
        }
        openEpoch = 0;
        emit EpochClosed(epoch, e.points, e.rewards);
    }

    /// @dev Compares a receipt with what the market kept, and marks its workload.
    function _check(Receipt calldata receipt) private returns (bytes32 workload, bool isNew) {
        workload = keccak256(abi.encode(block.chainid, address(market), receipt.spec));
        uint256 kept = market.receiptOf(workload);
        uint256 given = ReceiptLib.hash(workload, receipt.burned, receipt.entries) & ReceiptLib.MASK;
        (uint256 index, uint256 bit) = _placeOf(receipt.spec);
        uint256 bits = _recorded[index];
        if (kept == 0 || kept != given || bits & bit != 0) return (workload, false);
        _recorded[index] = bits | bit;
        return (workload, true);
    }

    /// @dev Gives points to every rank that earns. Shares of ranks that do not are nobody's.
    function _give(Receipt calldata receipt, uint256 epoch) private returns (uint256 points) {
        uint256 most = (receipt.burned * _kappaOf(receipt.spec)) / BPS;
        uint256 weights = RankShares.total(receipt.entries.length);
        for (uint256 i; i < receipt.entries.length; ++i) {
            uint256 entry = receipt.entries[i];
            if (!ReceiptLib.earns(entry)) continue;
            uint256 earned = RankShares.share(most, i, weights);
            Account storage account = accounts[address(ReceiptLib.operator(entry))];
            if (account.epoch != epoch) {
                _collect(account);
                account.epoch = uint32(epoch);
            }
            account.points += uint96(earned);
            points += earned;
        }
    }

    /// @dev Turns points of an epoch that is over into rewards. What was rounded off stays for the others of that epoch.
    function _collect(Account storage account) private {
        uint96 points = account.points;
        if (points == 0 || account.epoch == openEpoch) return;
        Epoch storage e = epochs[account.epoch];
        uint96 share = _shareOf(points, e);
        e.points -= points;
        e.rewards -= share;
        account.points = 0;
        account.due += share;
    }

    function _kappaOf(Spec calldata spec) private view returns (uint256) {
        return isListedProgram[spec.program] && isListedRequester[spec.requester] ? boostBps : kappaBps;
    }

    /// @dev Never more than the points, because an ended epoch has no more money than points.
    function _shareOf(uint96 points, Epoch memory e) private pure returns (uint96) {
        return uint96((uint256(e.rewards) * points) / e.points);
    }

    /// @dev Where the bit of a workload stands: its tag is the top of its terms.
    function _placeOf(Spec calldata spec) private pure returns (uint256 index, uint256 bit) {
        uint256 tag = Terms.wrap(spec.terms).tag();
        return (tag >> 8, 1 << (tag & 255));
    }
}
